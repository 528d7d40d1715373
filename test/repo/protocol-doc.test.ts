import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { browserActions } from '../../native-host/actions.ts';
import { ConsoleOpens } from '../../native-host/console-opens.ts';
import { ERROR_CODES } from '../../native-host/errors.ts';
import { MAX_TO_BROWSER_BYTES, MAX_TO_HOST_BYTES } from '../../native-host/framing.ts';
import { Logins } from '../../native-host/logins.ts';
import { isRecord } from '../../native-host/message-check.ts';
import { PromptBroker } from '../../native-host/prompts.ts';
import { terminalConsole } from '../../native-host/terminal-console.ts';
import { loginPage } from '../../native-host/terminal-login.ts';
import { UnlockedVaults } from '../../native-host/unlocked-vaults.ts';
import { terminalActions } from '../../native-host/user-socket-server.ts';
import { BrowserEnd } from '../unit/host/browser-end.ts';

const text = fs.readFileSync(path.join(import.meta.dirname, '../../native-host/PROTOCOL.md'), 'utf8');

/** Heading -> text below it, up to the next heading of the same or a higher level. */
function section(heading: string): string {
  const level = heading.split(' ', 1)[0] ?? '';
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`PROTOCOL.md has no section ${heading}`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}

const headings = (below: string) => [...section(below).matchAll(/^### (.+)$/gm)].map(([, name]) => name);
const examples = (of: string) =>
  [...section(of).matchAll(/```json\n([\s\S]*?)```/g)].map(
    ([, json = '']): Record<string, unknown> => JSON.parse(json),
  );

const [, helloAnswer = {}] = examples('### hello');
const [, subscribed = {}] = examples('### subscribePrompts');
const result = (answer: Record<string, unknown>) => (isRecord(answer.result) ? answer.result : {});

/** The real actions, over a vault and a person that say what the document says. */
function documentedHost() {
  const prompts = new PromptBroker();
  const opens = new ConsoleOpens();
  const logins = new Logins();
  const listed = result(examples('### list')[1] ?? {});
  const url = result(examples('### consoleUrl')[1] ?? {});
  const openUrl = result(examples('### openUrl')[1] ?? {});
  const actions = browserActions({
    vault: {
      list: async () => ({ profiles: [], ...listed }),
      consoleUrl: async () => ({ url: '', ...url }),
      openUrl: async () => ({ url: '', ...openUrl }),
      lockState: async () => ({ status: 'unlocked', lockAfterSeconds: 900 }),
      onLockChange: () => () => undefined,
      unlock: async () => undefined,
      lock: () => undefined,
    },
    prompts,
    opens,
    logins,
    hostVersion: String(result(helloAnswer).hostVersion),
  });
  return { prompts, opens, logins, actions };
}

const { actions } = documentedHost();
const opens = new ConsoleOpens();
const terminal = terminalActions({
  prompts: new PromptBroker(),
  console: terminalConsole({
    vault: { consolePlan: async () => ({ plan: 'x', destination: '' }) },
    opens,
    family: 'firefox',
  }),
  logins: new Logins(),
  family: 'firefox',
  vaults: new UnlockedVaults({ stateDir: '/nonexistent', fileRounds: undefined }),
  sessions: { cachedSession: async () => ({}) },
  hostVersion: '0.1.0',
});
const { openConsole, signOut, showLogin, ask, unlockVault, lockVault, unwrapKey, wrapKey, cachedSession } = terminal;

it('describes exactly the actions that a browser may ask for', () => {
  expect(headings('## Actions').sort()).toEqual(Object.keys(actions).sort());
});

it('describes exactly the actions that a terminal may ask for', () => {
  const own = headings("## The user's socket");
  expect(['hello', ...own].sort()).toEqual(Object.keys(terminal).sort());
});

it('describes exactly the error codes there are, in their order', () => {
  const codes = [...section('## Errors').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(codes).toEqual([...ERROR_CODES]);
});

it('names no code that does not exist', () => {
  const codes = [...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code = '']) => code);
  expect(codes.filter((code) => !(ERROR_CODES as readonly string[]).includes(code))).toEqual([]); // of any string
});

it('names the limits of the code', () => {
  expect(section('## Frames')).toContain(`1 MiB (${MAX_TO_HOST_BYTES.toLocaleString('en')} bytes)`);
  expect(section('## Frames')).toContain(`1 MB (${MAX_TO_BROWSER_BYTES.toLocaleString('en')} bytes;`);
});

describe('its example', () => {
  it.each(
    Object.entries({
      ...actions,
      ask,
      openConsole,
      signOut,
      showLogin,
      unlockVault,
      lockVault,
      unwrapKey,
      wrapKey,
      cachedSession,
    }),
  )('of a request for %s passes the real check', (name, { check }) => {
    const [request] = examples(`### ${name}`);
    expect(Object.keys(request ?? {})).toEqual(['id', 'action', 'params']);
    expect(request?.action).toBe(name);
    expect(check(request?.params, 'params')).toEqual(request?.params);
  });

  it('of ask names every key that ask knows', () => {
    const params = examples('### ask')[0]?.params;
    for (const key of Object.keys(isRecord(params) ? params : {})) {
      const { [key]: _, ...rest } = isRecord(params) ? params : {};
      const isOptional = ['rejected', 'parent'].includes(key);
      if (isOptional) expect(terminal.ask.check(rest, 'params')).toEqual(rest);
      else expect(() => terminal.ask.check(rest, 'params')).toThrow(`params.${key}`);
    }
  });

  it.each([
    'hello',
    'list',
    'consoleUrl',
    'cancelPrompt',
    'subscribeOpens',
    'openUrl',
    'finishOpen',
    'subscribeLogins',
    'loginShown',
    'loginClosed',
    'checkUserCode',
    'cancel',
    'subscribeLock',
    'unlock',
    'lock',
  ])('of an answer to %s is what the server says', async (name) => {
    const browser = new BrowserEnd(documentedHost().actions);
    browser.read();
    if (name !== 'hello') await browser.greet();
    const [request = {}, answer] = examples(`### ${name}`);
    browser.send(request);
    expect(await browser.next()).toEqual(answer);
  });

  it('of an event and of what a terminal is answered is what the server says', async () => {
    const { opens: watched, actions: table } = documentedHost();
    const browser = new BrowserEnd(table);
    browser.read();
    await browser.greet();
    browser.send(examples('### subscribeOpens')[0] ?? {});
    await browser.next();
    const [request, answer] = examples('### openConsole');
    const { plan, profile } = { plan: '', profile: '', ...(isRecord(request?.params) ? request.params : {}) };
    const console = terminalConsole({
      vault: { consolePlan: async () => ({ plan, destination: '' }) },
      opens: watched,
      family: 'firefox',
    });
    const params = openConsole.check(request?.params, 'params') as Parameters<typeof console.openConsole>[0]; // just checked
    const answered = console.openConsole(params, new AbortController().signal);
    const event = await browser.next();
    const [documented] = examples('### open');
    expect(event).toEqual({ ...documented, profile, openId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    watched.finish(isRecord(event) ? String(event.openId) : '');
    expect(await answered).toEqual(result(answer ?? {}));
  });

  it('of a login and its end is what the server says', async () => {
    const { logins, actions: table } = documentedHost();
    const browser = new BrowserEnd(table);
    browser.read();
    await browser.greet();
    browser.send(examples('### subscribeLogins')[0] ?? {});
    await browser.next();
    const over = new AbortController();
    const params = showLogin.check(examples('### showLogin')[0]?.params, 'params') as Parameters<typeof loginPage>[0]; // just checked
    const shown = logins.show(loginPage(params), { signal: over.signal });
    expect(await browser.next()).toEqual(examples('### login')[0]);
    logins.shown(params.loginId);
    await shown;
    over.abort();
    expect(await browser.next()).toEqual(examples('### loginOver')[0]);
  });

  it('of a prompt, its answer and its event is what the server says', async () => {
    const { prompts, actions: table } = documentedHost();
    const browser = new BrowserEnd(table);
    browser.read();
    await browser.greet();
    const [documented] = result(subscribed).prompts as readonly Record<string, unknown>[]; // shape is compared below
    const question = terminal.ask.check(examples('### ask')[0]?.params, 'params');
    expect(documented?.requester).toEqual({
      source: 'terminal',
      ...(isRecord(question) && { program: question.program, parent: question.parent, pid: question.pid }),
    });
    const { promptId, ...rest } = documented ?? {};
    expect(promptId).toMatch(/^[0-9a-f-]{36}$/);
    const request = { ...rest, kind: 'mfa', requester: { source: 'browser' } } as const;
    const asked = prompts.ask(request, new AbortController().signal);

    browser.send(examples('### subscribePrompts')[0] ?? {});
    const open = [{ ...request, promptId: expect.any(String) }];
    expect(await browser.next()).toEqual({ ...subscribed, result: { prompts: open } });

    const [answerRequest = {}, answered] = examples('### answerPrompt');
    const params = { ...result({ result: answerRequest.params }), promptId: prompts.prompts[0]?.promptId };
    browser.send({ ...answerRequest, params });
    expect(await browser.next()).toEqual({ event: 'prompts', prompts: [] });
    expect(await browser.next()).toEqual(answered);
    expect(await asked).toBe('123456');
    expect(Object.keys(examples('### prompts')[0] ?? {})).toEqual(['event', 'prompts']);
  });
});
