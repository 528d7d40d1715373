import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PromptBroker } from '../../../native-host/prompts.ts';
import { request, useHosts } from './use-hosts.ts';

const { state, listen, host, hostProcess, ask } = useHosts();
const DEAD_PID = 4_194_305; // above what Linux gives out

describe('a question from a terminal', () => {
  it('is shown with who asks, and answered', async () => {
    const { prompts, asked, answer } = host();
    const question = ask({}, { parent: 'bash', rejected: 'wrong code' });
    await asked();
    expect(prompts.prompts).toEqual([
      {
        promptId: expect.any(String),
        kind: 'mfa',
        profile: 'work',
        mfaSerial: request.mfaSerial,
        rejected: 'wrong code',
        requester: { source: 'terminal', program: 'terraform', parent: 'bash', pid: 42 },
      },
    ]);
    answer('123 456');
    expect(await question).toBe('123456');
  });

  it('is cancelled by the person', async () => {
    const { asked, cancel } = host();
    const question = ask();
    await asked();
    cancel();
    await expect(question).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is withdrawn when the terminal is interrupted', async () => {
    const { asked, withdrawn } = host();
    const interrupt = new AbortController();
    const question = ask({ signal: interrupt.signal });
    await asked();
    interrupt.abort(new Error('cancelled by SIGINT'));
    await expect(question).rejects.toThrow('cancelled by SIGINT');
    await withdrawn();
  });

  it('ends after its time, and is withdrawn', async () => {
    const { asked, withdrawn } = host();
    const question = ask({ timeoutMs: 200 });
    await asked();
    await expect(question).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'nobody answered in the browser within 0.2 s; run the command again',
    });
    await withdrawn();
  });

  it('can hold nothing that a person would not see', async () => {
    const { prompts, asked, answer } = host();
    const question = ask({}, { program: 'a\u202eb\u0007\nc', parent: '\u200b', profile: 'p'.repeat(300) });
    await asked();
    expect(prompts.prompts[0]).toMatchObject({
      profile: `${'p'.repeat(255)}…`,
      requester: { program: 'a b c', parent: '?' },
    });
    answer('123456');
    await question;
  });

  it('goes to every browser; the first answer counts, and the others withdraw it', async () => {
    const [first, second] = [host(1), host(2)];
    const question = ask();
    await Promise.all([first.asked(), second.asked()]);
    second.answer('222222');
    expect(await question).toBe('222222');
    await first.withdrawn();
  });

  it('goes to every browser; a cancel in one ends it in all', async () => {
    const [first, second] = [host(1), host(2)];
    const question = ask();
    await Promise.all([first.asked(), second.asked()]);
    first.cancel();
    await expect(question).rejects.toMatchObject({ code: 'CANCELLED' });
    await second.withdrawn();
  });

  it('goes to a browser that is opened while it waits', async () => {
    const first = host(1);
    const question = ask();
    await first.asked();
    const second = host(2);
    await second.asked();
    second.answer('222222');
    expect(await question).toBe('222222');
  });
});

describe('without a browser', () => {
  const notConnected = {
    code: 'BROWSER_NOT_CONNECTED',
    message:
      "no browser is connected, so nobody can be asked there: open the browser that has the Keyturn extension ('keyturn host status' " +
      'shows what is missing), or use --prompt terminal, --mfa-token or an mfa_process in the profile',
  };

  it('a question fails with the alternatives', async () => {
    await expect(ask()).rejects.toMatchObject(notConnected);
    fs.mkdirSync(state.dir, { mode: 0o700 });
    await expect(ask()).rejects.toMatchObject(notConnected);
  });

  it('what a killed host left is removed', async () => {
    fs.mkdirSync(state.dir, { mode: 0o700 });
    const { child } = await hostProcess();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(fs.readdirSync(state.dir)).toEqual([`host-${child.pid}.sock`]);
    await expect(ask()).rejects.toMatchObject(notConnected);
    expect(fs.readdirSync(state.dir)).toEqual([]);
  });

  it('nothing is removed that is no socket of a host', async () => {
    fs.mkdirSync(state.dir, { mode: 0o700 });
    fs.writeFileSync(path.join(state.dir, 'host-1.sock.bak'), '');
    fs.writeFileSync(path.join(state.dir, 'backend'), 'file');
    await expect(ask()).rejects.toMatchObject(notConnected);
    expect(fs.readdirSync(state.dir)).toEqual(['backend', 'host-1.sock.bak']);
  });

  it('a host whose browser has unsubscribed counts as none', async () => {
    listen(new PromptBroker());
    await expect(ask({ reconnectMs: 50 })).rejects.toMatchObject({ code: 'BROWSER_NOT_CONNECTED' });
  });
});

describe('a host that goes away while it asks', () => {
  it('is followed to the one that takes its place', async () => {
    const { child, line } = await hostProcess();
    const question = ask();
    expect(await line()).toBe('1');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = host(DEAD_PID);
    await next.asked();
    next.answer('654321');
    expect(await question).toBe('654321');
  });

  it('and does not come back ends the question', async () => {
    const { child, line } = await hostProcess();
    const question = ask({ reconnectMs: 100 });
    expect(await line()).toBe('1');
    child.kill('SIGKILL');
    await expect(question).rejects.toMatchObject({
      code: 'BROWSER_NOT_CONNECTED',
      message: expect.stringMatching(/^the browser has gone, so nobody can be asked there: /),
    });
  });

  it('is no loss while another one still asks', async () => {
    const { child, line } = await hostProcess();
    const other = host();
    const question = ask({ reconnectMs: 50 });
    expect(await line()).toBe('1');
    await other.asked();
    child.kill('SIGKILL');
    await once(child, 'exit');
    other.answer('111111');
    expect(await question).toBe('111111');
  });
});
