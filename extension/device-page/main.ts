import { bare, codeField, codeInAddress, confirmCode, fillIn, isDevicePage, sendsCode } from './aws-page.ts';
import { clear, confirmQuietly, warn } from './panel.ts';
import type { CodeVerdict, DevicePageQuestion } from './questions.ts';

// In the pages of IAM Identity Center. Whoever can talk somebody into allowing his device code gets the victim's access: a code that no
// login of this computer asked for is held up here until the person has been warned.

type Api = { readonly runtime: { readonly sendMessage: (message: DevicePageQuestion) => Promise<unknown> } };
declare const browser: Api | undefined;
declare const chrome: Api;
/** Both browsers' names for the same; a library for it would be most of this script. */
const { runtime } = typeof browser === 'undefined' ? chrome : browser;

/** What is known of each code on this page; the person's own word counts as `asked`. */
const verdicts = new Map<string, CodeVerdict | 'checking'>();
let lastField: HTMLInputElement | undefined;
let lastShown: string | undefined;

look();
new MutationObserver(look).observe(document, { subtree: true, childList: true });
addEventListener('hashchange', look);
// Before the page hears of it: what would send a code waits for the verdict.
for (const type of ['click', 'keydown', 'submit'] as const) addEventListener(type, hold, { capture: true });

function look() {
  if (!isDevicePage(location)) return;
  const code = codeInAddress(location);
  if (code && code !== lastShown) void judge(code);
  const field = codeField();
  if (!field || field === lastField) return;
  lastField = field;
  if (!code && field.value === '') void fill(field);
}

async function fill(field: HTMLInputElement) {
  const code = await ask({ type: 'pendingUserCode' });
  if (typeof code !== 'string' || field.value !== '') return;
  fillIn(field, code);
  await judge(bare(code));
}

function hold(event: Event) {
  if (!isDevicePage(location) || !sendsCode(event)) return;
  const code = bare(codeField()?.value ?? '') || codeInAddress(location);
  if (!code || verdicts.get(code) === 'asked') return;
  event.preventDefault();
  event.stopImmediatePropagation();
  void judge(code).then((verdict) => {
    if (verdict === 'asked') confirmCode(); // what the person had clicked
  });
}

/** Has the host say whose code it is, and shows that. */
async function judge(code: string): Promise<CodeVerdict | 'checking'> {
  lastShown = code;
  const known = verdicts.get(code);
  if (known === 'checking') return known;
  if (known === undefined) verdicts.set(code, 'checking');
  const verdict = known ?? asVerdict(await ask({ type: 'checkUserCode', userCode: code }));
  verdicts.set(code, verdict);
  if (verdict === 'asked') confirmQuietly(code);
  else warn(code, verdict, { onClose: () => void ask({ type: 'closePage' }), onGoOn: () => goOn(code) });
  return verdict;
}

function goOn(code: string) {
  verdicts.set(code, 'asked');
  clear();
}

/** Without an answer the extension was just updated or removed: nothing was checked then. */
async function ask(question: DevicePageQuestion): Promise<unknown> {
  return runtime.sendMessage(question).catch(() => undefined);
}

function asVerdict(answer: unknown): CodeVerdict {
  return answer === 'asked' || answer === 'foreign' ? answer : 'unknown';
}
