/** Chromium only: a tab group looks like a container and is none, and signing in twice shows it the hard way. */
export function IsolationNote() {
  return (
    <details class="note" data-note="isolation">
      <summary>
        <span class="note-line">Chromium has no container tabs.</span> <span class="note-more">What this means</span>
      </summary>
      <p>
        Keyturn opens each profile, and each organisation’s login, in a tab group of its name. The group only keeps tabs
        together: all of them share one cookie jar, so AWS allows one session per browser, or up to five once you turn
        on AWS multi-session.
      </p>
      <p>For consoles kept truly apart, use Firefox, or one Chromium profile for each.</p>
    </details>
  );
}
