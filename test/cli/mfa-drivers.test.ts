import { once } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callsOf, install, programs, yubikey } from './outside-programs.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { finished, KEYTURN, operations, type People, populate, type Result, startWorld, type World } from './world.ts';

let world: World;
let people: People;
let desktop: Record<string, string>;

beforeEach(async () => {
  world = await startWorld();
  people = await populate(world);
  desktop = { ...programs(world).env, DISPLAY: ':99' };
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

const exec = (flags: readonly string[] = [], env: Record<string, string | undefined> = {}): Promise<Result> =>
  world.run(['exec', ...flags, 'ada', '--', 'printenv', 'AWS_VAULT'], { env: { ...desktop, ...env } });

const done = { status: 0, stdout: 'ada\n' };

function inTerminal(command: string, env: Record<string, string> = {}): PseudoTerminal {
  return new PseudoTerminal(`${KEYTURN} ${command}`, { ...world.env, ...desktop, ...env });
}

function config(change: (text: string) => string): void {
  fs.writeFileSync(world.configFile, change(fs.readFileSync(world.configFile, 'utf8')));
}

describe('without a terminal', () => {
  it('a dialog asks where there is a display, and nothing is said about what is not there', async () => {
    install(world, 'zenity', `echo ${people.device.freshCode()}`);
    expect(await exec()).toEqual({ ...done, stderr: '' });
    expect(callsOf(world, 'zenity')).toEqual([
      `--entry|--title|keyturn|--text|Enter MFA code for ${people.device.serial}: |`,
    ]);
  });

  it('KDE asks with its own', async () => {
    install(world, 'zenity', 'exit 9');
    install(world, 'kdialog', `echo ${people.device.freshCode()}`);
    expect(await exec([], { XDG_CURRENT_DESKTOP: 'KDE' })).toMatchObject(done);
    expect(callsOf(world, 'zenity')).toEqual([]);
  });

  it('a dialog without a display is not even started, and the error names every way that was tried', async () => {
    install(world, 'zenity', 'exit 9');
    const { status, stderr } = await exec(['--prompt', 'zenity'], { DISPLAY: '', WAYLAND_DISPLAY: '' });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^keyturn: error: exec: Failed to get credentials for ada: nobody .*\(zenity: no display .*; terminal: open \/dev\/tty: .*; browser: no browser .*\); use .*--mfa-token CODE.* \[PROCESS_FAILED\]\n$/,
    );
    expect(callsOf(world, 'zenity')).toEqual([]);
    expect(operations(world)).toEqual([]);
  });

  it('a dialog that fails gives way to the next, with one line', async () => {
    install(world, 'zenity', 'echo "cannot open display: :99" >&2; exit 1');
    install(world, 'kdialog', `echo ${people.device.freshCode()}`);
    expect(await exec()).toEqual({
      ...done,
      stderr: 'keyturn: zenity: exit status 1: cannot open display: :99; asking with kdialog\n',
    });
  });

  it("the person's Cancel is the end, not a reason to ask elsewhere", async () => {
    install(world, 'zenity', 'exit 1');
    install(world, 'kdialog', 'echo 111111');
    const { status, stderr } = await exec();
    expect({ status, stderr }).toEqual({
      status: 130,
      stderr: expect.stringMatching(/cancelled while zenity was asking.*\[CANCELLED\]\n$/),
    });
    expect(callsOf(world, 'kdialog')).toEqual([]);
  });

  it('a dialog that nobody answers is closed when its time is over', async () => {
    install(world, 'zenity', 'exec sleep 60');
    install(world, 'kdialog', `echo ${people.device.freshCode()}`);
    expect(await exec(['--prompt-timeout', '1s'])).toEqual({
      ...done,
      stderr: 'keyturn: zenity: no answer after 1 s; asking with kdialog\n',
    });
  });

  it('a wrong code can be corrected twice, in the same dialog', async () => {
    const answers = ['000000', '000001', people.device.freshCode()].map((code) => `${code}\n`).join('');
    fs.writeFileSync(`${world.home}/answers`, answers);
    install(world, 'zenity', `head -n 1 ${world.home}/answers; sed -i 1d ${world.home}/answers`);
    expect(await exec()).toEqual({ ...done, stderr: '' });
    expect(operations(world)).toEqual(['GetSessionToken', 'GetSessionToken', 'GetSessionToken']);
    expect(callsOf(world, 'zenity')[1]).toContain('AWS refused that code');
  });

  it('the same code is never sent twice, not even by another process', async () => {
    const code = people.device.freshCode();
    install(world, 'zenity', `echo ${code}`);
    expect(await exec()).toMatchObject(done);
    const { status, stderr } = await exec(['-d', '30m']);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /sent to AWS already and each works once: the device shows a new one in \d+ s \[MFA_REJECTED\]\n$/,
    );
    expect(callsOf(world, 'zenity')).toHaveLength(4);
    expect(operations(world)).toEqual(['GetSessionToken']);
    expect((await exec(['-d', '30m', '-t', code])).stderr).toMatch(/a new one in \d+ s \[MFA_REJECTED\]\n$/);
    expect(operations(world)).toEqual(['GetSessionToken']);
  });

  it('an mfa_process that fails gives way too', async () => {
    config((text) => text.replace('[profile ada]', '[profile ada]\nmfa_process = exit 7'));
    install(world, 'zenity', `echo ${people.device.freshCode()}`);
    expect(await exec()).toEqual({
      ...done,
      stderr: 'keyturn: process provider: exit status 7; check the mfa_process of the profile; asking with zenity\n',
    });
  });

  it("a role's own mfa_process answers for its source's device, if it is the same", async () => {
    config((text) =>
      text.replace('[profile admin]', `[profile admin]\nmfa_process = echo ${people.device.freshCode()}`),
    );
    const { status, stderr } = await world.run(['exec', 'admin', '--', 'true']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('a YubiKey', () => {
  it('gives the code, by aws-vault’s variables, and waits for the next one instead of sending one twice', async () => {
    const key = yubikey(world);
    key.put('aws:ada', people.device.secretBase32);
    const env = { ...key.env, YKMAN_OATH_CREDENTIAL_NAME: 'aws:ada', YKMAN_OATH_DEVICE_SERIAL: '42' };
    expect(await exec([], env)).toEqual({ ...done, stderr: '' });
    expect(key.calls()).toEqual(['--device 42 oath accounts code --single aws:ada']);
    const { status, stderr } = await exec(['--prompt', 'ykman', '-d', '30m'], { ...env, AWS_VAULT_YKMAN_VERSION: '3' });
    expect(status).toBe(0);
    // Nothing to wait for where the half minute has just ended.
    if (stderr !== '')
      expect(stderr).toMatch(/^The present MFA code of arn:\S+ has been used; waiting \d+ s for the next/);
    expect(key.calls().at(-1)).toBe('--device 42 oath code --single aws:ada');
    expect(world.aws.calls.map(({ status: answer }) => answer)).toEqual([200, 200]);
  });

  it('waits in a way that Ctrl-C ends', async () => {
    const key = yubikey(world);
    // An account of another device, so that every code is wrong, and the second is asked for in the same half minute.
    key.put(people.device.serial, 'JBSWY3DPEHPK3PXP');
    const child = world.start(['exec', '--prompt', 'ykman', 'ada', '--', 'true'], { env: key.env });
    const stderr = await new Promise<string>((resolve) => {
      let text = '';
      child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        const wasWaiting = text.includes('Ctrl-C stops it');
        text += chunk;
        if (!wasWaiting && text.includes('Ctrl-C stops it')) child.kill('SIGINT');
      });
      child.on('close', () => resolve(text));
    });
    expect(stderr).toMatch(/AWS refused that code.*\n.*waiting \d+ s .*\n.*\[CANCELLED\]\n$/);
    expect(child.exitCode).toBe(130);
  });

  it('that is not there gives way to the terminal', async () => {
    const key = yubikey(world);
    const terminal = inTerminal('exec --prompt ykman ada -- true', key.env);
    await terminal.shows('asking in the terminal');
    await terminal.shows('Enter MFA code');
    terminal.type(`${people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
    expect(terminal.output).toContain('No matching account found.');
  });
});

describe('in a terminal', () => {
  it('the question is asked there, also where stdout is none: eval "$(keyturn export ...)"', async () => {
    const terminal = new PseudoTerminal(
      `eval "$(${KEYTURN} export --format export-env ada)"; echo "key=$AWS_ACCESS_KEY_ID"`,
      {
        ...world.env,
        ...desktop,
      },
    );
    await terminal.shows('Enter MFA code');
    terminal.type(`${people.device.freshCode()}\r`);
    await terminal.shows('key=ASIA');
    expect(await terminal.status()).toBe(0);
  });

  it('another process waits for the answer, and says so once however long the chain is', async () => {
    const terminal = inTerminal('exec admin -- true');
    await terminal.shows('Enter MFA code');
    const other = world.start(['exec', 'admin', '--', 'printenv', 'AWS_VAULT']);
    const result = finished(other);
    if (other.stderr !== null) await once(other.stderr, 'data');
    terminal.type(`${people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
    const stderr = 'Waiting for another process that is getting the same session ...\n';
    expect(await result).toEqual({ status: 0, stdout: 'admin\n', stderr });
  });

  it('an empty --mfa-token is none', async () => {
    const terminal = inTerminal('exec --mfa-token= ada -- true');
    await terminal.shows('Enter MFA code');
    terminal.type(`${people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
  });

  it('a used code is refused with the time to wait, and three wrong ones are enough', async () => {
    const terminal = inTerminal('exec ada -- true');
    for (const code of ['000000', '000000', '000001', '000002']) {
      const from = terminal.output.length;
      await terminal.shows('Enter MFA code', from === 0 ? 0 : terminal.output.lastIndexOf('Enter MFA code'));
      const asked = terminal.output.split('Enter MFA code').length;
      terminal.type(`${code}\r`);
      if (code !== '000002') await showsAgain(terminal, asked);
    }
    expect(await terminal.status()).toBe(1);
    expect(terminal.output).toMatch(
      /sent to AWS already and each works once: the device shows a new one in \d+ s; try again/,
    );
    expect(terminal.output).toMatch(/\[MFA_REJECTED\]/);
    expect(operations(world)).toEqual(['GetSessionToken', 'GetSessionToken', 'GetSessionToken']);
  });

  it('a question that nobody answers ends, and the terminal is as it was', async () => {
    const terminal = new PseudoTerminal(
      `cd "$HOME"; stty -a > before; ${KEYTURN} exec --prompt-timeout 1s ada -- true; stty -a > after; cmp before after`,
      {
        ...world.env,
        ...programs(world).env,
      },
    );
    await terminal.shows('nobody answered in the terminal within 1 s');
    expect(await terminal.status()).toBe(0);
  });

  it('another chosen prompt comes first, and the terminal takes over', async () => {
    install(world, 'zenity', 'exit 5');
    const terminal = inTerminal('exec --prompt zenity ada -- true');
    await terminal.shows('keyturn: zenity: exit status 5; asking in the terminal');
    await terminal.shows('Enter MFA code');
    terminal.type(`${people.device.freshCode()}\r`);
    expect(await terminal.status()).toBe(0);
  });
});

async function showsAgain(terminal: PseudoTerminal, times: number): Promise<void> {
  let from = 0;
  for (let count = 0; count < times; count += 1) {
    await terminal.shows('Enter MFA code', from);
    from = terminal.output.indexOf('Enter MFA code', from) + 1;
  }
}
