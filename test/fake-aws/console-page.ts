import type { ConsoleSession } from './state.ts';
import { escapeText } from './xml.ts';

const TITLE = 'AWS sandbox console';

const STYLE = `
:root { color-scheme: light; --hue: 210; --ink: #23272e; --quiet: #6b7280; --line: #e3e1dc; --paper: #fffefb;
  --accent: hsl(var(--hue) 45% 38%); --tint: hsl(var(--hue) 45% 94%); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: #f5f3ee; color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; align-items: center; gap: 12px; padding: 14px 32px; background: var(--paper);
  border-bottom: 1px solid var(--line); border-top: 5px solid var(--accent); }
header .mark { width: 14px; height: 14px; border-radius: 4px; background: var(--accent); }
header b { font-weight: 600; }
header .badge { margin-left: auto; padding: 2px 12px; border-radius: 999px; background: var(--tint); color: var(--accent);
  font-size: 13px; }
main { max-width: 760px; margin: 48px auto; padding: 0 24px; }
.card { padding: 36px 40px; background: var(--paper); border: 1px solid var(--line); border-radius: 16px;
  box-shadow: 0 1px 2px rgb(35 39 46 / 5%), 0 12px 32px rgb(35 39 46 / 5%); }
.eyebrow { margin: 0; color: var(--quiet); font-size: 14px; }
h1 { margin: 4px 0 28px; font-size: 34px; line-height: 1.2; font-weight: 600; letter-spacing: 0.01em; color: var(--accent);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: 150px 1fr; margin: 0; }
dt, dd { margin: 0; padding: 11px 0; border-top: 1px solid var(--line); }
dt { color: var(--quiet); font-size: 14px; line-height: 24px; }
dd { overflow-wrap: anywhere; }
dd.mono { font: 14px/24px ui-monospace, monospace; }
p { margin: 0 0 16px; }
.note { margin: 24px 4px 0; color: var(--quiet); font-size: 14px; }
a { color: var(--accent); }
`;

/** A colour of its own for each account, so that tabs of different accounts are told apart at a glance. */
function hueOf(account: string): number {
  return [...account].reduce((hue, digit) => (hue * 31 + Number(digit) * 47) % 360, 17);
}

type Page = { readonly hue?: number; readonly content: string };

function page({ hue = 210, content }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<style>${STYLE}:root { --hue: ${hue}; }</style>
</head>
<body>
<header><span class="mark"></span><b>${TITLE}</b><span class="badge">Sandbox: not Amazon, nothing here is real</span></header>
<main>${content}</main>
</body>
</html>
`;
}

function row(name: string, id: string, value: string, isCode = false): string {
  return `<dt>${name}</dt><dd id="${id}"${isCode ? ' class="mono"' : ''}>${escapeText(value)}</dd>`;
}

function utc(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** What the tab is signed in to. */
export function consolePage(
  session: ConsoleSession,
  { region, path }: { readonly region: string; readonly path: string },
): string {
  const content = `<section class="card" id="console">
<p class="eyebrow">This tab is signed in to account</p>
<h1 id="account">${escapeText(session.account)}</h1>
<dl>
${row('Identity', 'identity', session.identity, true)}
${row('Region', 'region', region)}
${row('Page', 'path', path, true)}
${row('Signed in by', 'issuer', session.issuer)}
${row('Session ends', 'expires', utc(session.expiresAt))}
${row('Permissions', 'permissions', session.hasPermissions ? 'as the policies of this identity say' : 'none: the federation token has no policy')}
</dl>
</section>
<p class="note">A test stand-in for the console of a cloud account, served from this computer. It shows what the session
cookie of this tab says and nothing else. <a id="log-out" href="/logout">Log out</a></p>`;
  return page({ hue: hueOf(session.account), content });
}

export function signedOutPage(): string {
  return page({
    content: `<section class="card" id="signed-out"><h1>Not signed in</h1>
<p>No session cookie came with this request, or its session has ended. Open the console from Keyturn to sign in.</p></section>`,
  });
}

/** The answer to a second sign-in in a cookie jar that holds a live session of somebody else. */
export function alreadySignedInPage(present: ConsoleSession): string {
  return page({
    hue: hueOf(present.account),
    content: `<section class="card" id="already-signed-in">
<p class="eyebrow">This browser is signed in to account ${escapeText(present.account)}</p>
<h1>One session at a time</h1>
<p>You must first log out before logging into a different AWS account.</p>
<p>To log out, <a id="log-out" href="/logout">click here</a>.</p></section>`,
  });
}

/** A 400 of the sign-in endpoint. */
export function refusalPage(message: string): string {
  return page({
    content: `<section class="card" id="refused"><h1>Sign-in refused</h1><p id="reason">${escapeText(message)}</p></section>`,
  });
}
