import { describe, expect, it } from 'vitest';
import { PromptBroker } from '../../../native-host/prompts.ts';
import type { Prompt } from '../../../native-host/protocol.ts';

const browser = { kind: 'mfa', profile: 'work', mfaSerial: 'arn:x', requester: { source: 'browser' } } as const;
const terminal = { ...browser, requester: { source: 'terminal', program: 'terraform', pid: 7 } } as const;
const unlock = { kind: 'passphrase', vaultDir: '/keys', requester: { source: 'browser' } } as const;
const never = new AbortController().signal;

function watched() {
  const broker = new PromptBroker();
  const seen: (readonly Prompt[])[] = [];
  broker.onChange((prompts) => seen.push(prompts));
  const onlyId = () => broker.prompts[0]?.promptId ?? 'none';
  return { broker, seen, onlyId };
}

describe('an answer', () => {
  it.each(['123456', ' 123 456 ', '123\t456\n'])('to the MFA question may be %j', async (text) => {
    const { broker, onlyId } = watched();
    const asked = broker.ask(browser, never);
    broker.answer(onlyId(), text);
    expect(await asked).toBe('123456');
    expect(broker.prompts).toEqual([]);
  });

  it.each(['', '12345', '1234567', '12345a', '١٢٣٤٥٦'])(
    'to the MFA question cannot be %j, and the question stays',
    async (text) => {
      const { broker, onlyId } = watched();
      const asked = broker.ask(browser, never);
      expect(() => broker.answer(onlyId(), text)).toThrow(
        expect.objectContaining({ code: 'BAD_MESSAGE', message: 'an MFA code has 6 digits' }),
      );
      broker.answer(onlyId(), '000000');
      expect(await asked).toBe('000000');
    },
  );

  it('to the passphrase question is taken as it is, blanks and all', async () => {
    const { broker, onlyId } = watched();
    const asked = broker.ask(unlock, never);
    broker.answer(onlyId(), ' correct horse ');
    expect(await asked).toBe(' correct horse ');
  });

  it.each(['', 'ü'.repeat(513)])('to the passphrase question has 1 to 1024 bytes', async (text) => {
    const { broker, onlyId } = watched();
    const asked = broker.ask(unlock, never);
    expect(() => broker.answer(onlyId(), text)).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
    broker.answer(onlyId(), 'x'.repeat(1024));
    expect(await asked).toHaveLength(1024);
  });

  it('that comes after the question has gone is told so', () => {
    const { broker } = watched();
    expect(() => broker.answer('gone', '123456')).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
    broker.cancel('gone');
  });
});

describe('a question', () => {
  it('is cancelled by the person', async () => {
    const { broker, onlyId } = watched();
    const asked = broker.ask(browser, never);
    broker.cancel(onlyId());
    await expect(asked).rejects.toMatchObject({
      code: 'CANCELLED',
      message: 'the question for the MFA code of profile "work" was cancelled in the browser',
    });
  });

  it('is withdrawn by who asked', async () => {
    const { broker, seen } = watched();
    const asker = new AbortController();
    const asked = broker.ask(browser, asker.signal);
    asker.abort(new Error('no longer needed'));
    await expect(asked).rejects.toThrow('no longer needed');
    expect(seen.map((prompts) => prompts.length)).toEqual([1, 0]);
  });

  it('is not asked by who has been stopped already', async () => {
    const { broker, seen } = watched();
    await expect(broker.ask(browser, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(seen).toEqual([]);
  });

  it('has an id of its own that cannot be guessed', async () => {
    const { broker } = watched();
    const asked = [broker.ask(browser, never), broker.ask(browser, never)];
    const ids = broker.prompts.map(({ promptId }) => promptId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    for (const id of ids) broker.answer(id, '123456');
    await Promise.all(asked);
  });

  it('of a terminal fails when no browser has subscribed', async () => {
    await expect(new PromptBroker().ask(terminal, never)).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });

  it('of the browser waits for the browser to subscribe', async () => {
    const broker = new PromptBroker();
    const asked = broker.ask(browser, never);
    const [prompt] = broker.prompts;
    expect(prompt).toEqual({ ...browser, promptId: expect.any(String) });
    broker.answer(prompt?.promptId ?? '', '123456');
    expect(await asked).toBe('123456');
  });
});

it('tells every listener the whole list, until it stops listening', async () => {
  const { broker, seen } = watched();
  const other: number[] = [];
  const stop = broker.onChange((prompts) => other.push(prompts.length));
  const first = broker.ask(browser, never);
  const second = broker.ask(terminal, never);
  stop();
  expect(broker.isWatched).toBe(true);
  for (const { promptId } of broker.prompts) broker.answer(promptId, '123456');
  await Promise.all([first, second]);
  expect(seen.map((prompts) => prompts.length)).toEqual([1, 2, 1, 0]);
  expect(other).toEqual([1, 2]);
});
