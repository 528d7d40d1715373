import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 2000;

/** A command to run in a terminal, with a button that copies it. */
export function CommandLine({ command }: { readonly command: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () =>
    void navigator.clipboard.writeText(command).then(
      () => setCopied(true),
      () => setCopied(false), // no access to the clipboard: the command stands there to be selected
    );
  return (
    <div class="command">
      <code class="command-text">{command}</code>
      <button type="button" class="button small" onClick={copy} aria-label={`Copy ${command}`}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
      <span class="visually-hidden" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </div>
  );
}
