import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostProcess, type Message } from './host-process.ts';
import { operations, type People, populate, startWorld, type World } from './world.ts';

let world: World;
let people: People;
let host: HostProcess;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
});
afterEach(async () => {
  await host.close();
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

async function browser(env: Record<string, string> = {}): Promise<void> {
  host = new HostProcess({ env: { ...world.env, ...env } });
  expect(await host.hello()).toMatchObject({ ok: true });
  await host.call('subscribePrompts');
}

type Shown = { readonly promptId: string; readonly rejected?: string };

/** The question on the screen that is none of those before. */
async function question(...before: readonly Shown[]): Promise<Shown> {
  const isNew = ({ event, prompts }: Message): boolean =>
    event === 'prompts' && prompts?.length === 1 && before.every(({ promptId }) => promptId !== prompts[0]?.promptId);
  const { prompts } = await host.next(isNew, 0);
  return prompts?.[0] as unknown as Shown; // isNew has seen that it is there
}

const answer = ({ promptId }: Shown, code: string) => host.call('answerPrompt', { promptId, answer: code });

function addMfaProcess(command: string): void {
  const text = fs.readFileSync(world.configFile, 'utf8');
  fs.writeFileSync(world.configFile, text.replace('[profile ada]', `[profile ada]\nmfa_process = ${command}`));
}

describe('the question for an MFA code in the browser', () => {
  it('comes again, with the time to wait, for a code that a terminal has used', async () => {
    const code = people.device.freshCode();
    expect((await world.run(['exec', 'ada', '-t', code, '--', 'true'])).status).toBe(0);
    await world.run(['clear', 'ada']);
    await browser();
    const opening = host.call('consoleUrl', { profile: 'admin' });
    const first = await question();
    await answer(first, code);
    const second = await question(first);
    expect(second.rejected).toMatch(/sent to AWS already and each works once: the device shows a new one in \d+ s/);
    expect(operations(world)).toEqual(['GetSessionToken']);
    await answer(second, people.device.freshCode());
    expect(await opening).toMatchObject({ ok: true });
  });

  it('is asked where the mfa_process fails, and says why', async () => {
    addMfaProcess('exit 7');
    await browser();
    const opening = host.call('consoleUrl', { profile: 'admin' });
    const shown = await question();
    expect(shown.rejected).toContain('process provider: exit status 7');
    await answer(shown, people.device.freshCode());
    expect(await opening).toMatchObject({ ok: true });
  });

  it('is withdrawn when its time is over', async () => {
    await browser({ KEYTURN_PROMPT_TIMEOUT: '1s' });
    const opening = host.call('consoleUrl', { profile: 'admin' });
    await question();
    expect(await opening).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } });
    await host.next(({ event, prompts }) => event === 'prompts' && prompts?.length === 0, 0);
  });

  it('is answered in time for a terminal, or gives way to what comes next there', async () => {
    await browser();
    const late = world.run(['exec', '--prompt', 'browser', '--prompt-timeout', '1s', 'ada', '--', 'true']);
    const first = await question();
    expect(await late).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^Asking for the MFA code of \S+ in the browser \.\.\.\n.*\(browser: nobody answered in the browser within 1 s.*; terminal: open \/dev\/tty.*\[TIMEOUT\]\n$/,
      ),
    });
    const inTime = world.run(['exec', 'ada', '--', 'true']);
    await answer(await question(first), people.device.freshCode());
    expect(await inTime).toMatchObject({ status: 0 });
  });
});
