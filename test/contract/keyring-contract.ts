import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Keyring, KeyringItem } from '../../native-host/keyring/keyring.ts';

/** What a backend gives the contract: a keyring that is empty, and a second, independent way into the same place. */
export type OpenedForContract = {
  readonly keyring: Keyring;
  /** As another process would open it: shares nothing in memory with `keyring`. */
  reopen(): Promise<Keyring>;
  /** The same for a process that really is another one; not given where the place is only in this process's memory. */
  readonly elsewhere?: Elsewhere;
  cleanup?(): Promise<void>;
};

/** How another process opens the same place: a function of one of the keyring's files, and its options as JavaScript. */
export type Elsewhere = { readonly module: string; readonly open: string; readonly options: string };

/** Names that profiles, sessions and sign-in tokens really have, and names that would escape from a careless backend. */
const AWKWARD_KEYS = [
  'work',
  'a/b',
  'a%2Fb',
  'a:b',
  'a\\b',
  '100%',
  '%',
  '%25',
  '.',
  '..',
  '../up',
  '../../etc/passwd',
  '.hidden',
  '-dash',
  '--flag=value',
  'two words',
  ' outer blanks ',
  '"quoted" and $HOME and `tick`',
  'oidc:https://d-1234567890.awsapps.com/start#/',
  'sts.GetSessionToken,am9uc21pdGg,YXJuOmF3czppYW06OjExMTExMTExMTExMTptZmEvam9uc21pdGg,1795254532',
  'Zürich 東京 🔑',
] as const;

function item(key: string, data = `secret of ${key}`): KeyringItem {
  return { key, data, label: `aws-vault (${key})` };
}

/** The rules of native-host/keyring/keyring.ts, run against a real backend. `open` must give an empty keyring each time. */
export function keyringContract(name: string, open: () => Promise<OpenedForContract>): void {
  describe(`the ${name} keyring`, () => {
    let opened: OpenedForContract;
    let keyring: Keyring;

    beforeEach(async () => {
      opened = await open();
      keyring = opened.keyring;
    });
    afterEach(async () => {
      await opened.cleanup?.();
    });

    lookingUp(() => keyring);
    dates(() => keyring);
    names(() => keyring);
    sharing(() => opened);
  });
}

function lookingUp(keyring: () => Keyring): void {
  it('answers undefined for a key that was never set', async () => {
    expect(await keyring().get('nobody')).toBeUndefined();
    await keyring().set(item('somebody'));
    expect(await keyring().get('nobody')).toBeUndefined();
  });

  it('gives back what was set', async () => {
    await keyring().set(item('work'));
    expect(await keyring().get('work')).toEqual(item('work'));
  });

  it('keeps label and description', async () => {
    const described = {
      key: 'work',
      data: '{}',
      label: 'aws-vault session for work',
      description: 'aws-vault session',
    };
    await keyring().set(described);
    expect(await keyring().get('work')).toEqual(described);
  });

  it('overwrites data, label and description', async () => {
    await keyring().set({ ...item('work', 'old'), description: 'old description' });
    await keyring().set({ key: 'work', data: 'new', label: 'new label' });
    expect(await keyring().get('work')).toEqual({ key: 'work', data: 'new', label: 'new label' });
    expect(await keyring().keys()).toEqual(['work']);
  });

  it('keeps Unicode, line ends and NUL in data', async () => {
    const data = 'Zürich 東京 🔑\r\n\ttab \u0000 NUL \u2028 "quotes" \\';
    await keyring().set(item('work', data));
    expect((await keyring().get('work'))?.data).toBe(data);
  });

  it('keeps empty data apart from a miss', async () => {
    await keyring().set(item('work', ''));
    expect(await keyring().get('work')).toEqual(item('work', ''));
  });

  it('keeps values of 16 KiB', async () => {
    const data = 'ü0123456789abcde'.repeat(1024);
    await keyring().set(item('work', data));
    expect((await keyring().get('work'))?.data).toBe(data);
  });

  it('says on removal whether the item was there', async () => {
    await keyring().set(item('work'));
    expect(await keyring().remove('work')).toBe(true);
    expect(await keyring().remove('work')).toBe(false);
    expect(await keyring().remove('nobody')).toBe(false);
    expect(await keyring().get('work')).toBeUndefined();
    expect(await keyring().keys()).toEqual([]);
  });
}

/** A backend may leave this out; one that tells, tells the truth. */
function dates(keyring: () => Keyring): void {
  it('tells when an item was written last, or does not tell at all', async () => {
    const before = Date.now() - 2000; // some count whole seconds
    await keyring().set(item('work'));
    await keyring().set(item('a/b'));
    const dated = await keyring().modifiedAt?.(['work', 'a/b', 'nobody']);
    if (dated === undefined) return;
    expect([...dated.keys()].sort()).toEqual(['a/b', 'work']);
    for (const date of dated.values()) {
      expect(date.getTime()).toBeGreaterThan(before);
      expect(date.getTime()).toBeLessThan(Date.now() + 2000);
    }
    expect([...((await keyring().modifiedAt?.(['work'])) ?? [])].map(([key]) => key)).toEqual(['work']);
  });
}

function names(keyring: () => Keyring): void {
  it('lists nothing when nothing was set', async () => {
    expect(await keyring().keys()).toEqual([]);
  });

  for (const key of AWKWARD_KEYS) {
    it(`sets, lists, gets and removes the key ${JSON.stringify(key)}`, async () => {
      await keyring().set(item(key));
      expect(await keyring().keys()).toEqual([key]);
      expect(await keyring().get(key)).toEqual(item(key));
      expect(await keyring().remove(key)).toBe(true);
      expect(await keyring().keys()).toEqual([]);
    });
  }

  it('keeps all awkward keys apart from each other, and lists exactly them', async () => {
    for (const key of AWKWARD_KEYS) await keyring().set(item(key));
    expect((await keyring().keys()).sort()).toEqual([...AWKWARD_KEYS].sort());
    for (const key of AWKWARD_KEYS) expect(await keyring().get(key)).toEqual(item(key));
  });
}

function sharing(opened: () => OpenedForContract): void {
  it('shows another process what was set, overwritten and removed', async () => {
    const { keyring } = opened();
    await keyring.set(item('kept', 'first'));
    await keyring.set(item('gone'));
    const other = await opened().reopen();
    expect((await other.keys()).sort()).toEqual(['gone', 'kept']);
    expect((await other.get('kept'))?.data).toBe('first');

    await keyring.set(item('kept', 'second'));
    await keyring.remove('gone');
    expect((await other.get('kept'))?.data).toBe('second');
    expect(await other.get('gone')).toBeUndefined();
    expect(await other.keys()).toEqual(['kept']);
  });

  it('loses nothing when two writers write different keys at once', async () => {
    const writers = [opened().keyring, await opened().reopen()];
    const keys = Array.from({ length: 10 }, (_, index) => `profile-${index}`);
    await Promise.all(keys.map((key, index) => writers[index % 2]?.set(item(key))));
    const reader = await opened().reopen();
    expect((await reader.keys()).sort()).toEqual(keys);
    for (const key of keys) expect(await reader.get(key)).toEqual(item(key));
  });

  it('keeps exactly one of the values that two writers set under one key at once', async () => {
    const writers = [opened().keyring, await opened().reopen()];
    const values = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(2000));
    await Promise.all(values.map((value, index) => writers[index % 2]?.set(item('work', value))));
    const reader = await opened().reopen();
    expect(await reader.keys()).toEqual(['work']);
    expect(values).toContain((await reader.get('work'))?.data);
  });

  it('loses nothing when two processes write at once, and has one of their values under one key', async () => {
    const { elsewhere } = opened();
    if (elsewhere === undefined) return;
    await Promise.all(['a', 'b'].map((name) => writeElsewhere(elsewhere, name)));
    const reader = await opened().reopen();
    const keys = ['a', 'b'].flatMap((name) => Array.from({ length: 5 }, (_, index) => `${name}-${index}`));
    expect((await reader.keys()).sort()).toEqual([...keys, 'shared'].sort());
    for (const key of keys) expect(await reader.get(key)).toEqual(item(key));
    expect(['a'.repeat(2000), 'b'.repeat(2000)]).toContain((await reader.get('shared'))?.data);
  });
}

async function writeElsewhere({ module, open, options }: Elsewhere, name: string): Promise<void> {
  const file = (relative: string) => JSON.stringify(new URL(`../../native-host/${relative}`, import.meta.url).href);
  const program = `
    const { ${open} } = await import(${file(`keyring/${module}`)});
    const { fileLocks } = await import(${file('engine/lock.ts')});
    const common = { signal: new AbortController().signal, notice: () => undefined };
    const keyring = await ${open}({ ...common, ...(${options}) });
    const item = (key, data) => ({ key, data, label: 'aws-vault (' + key + ')' });
    for (let index = 0; index < 5; index += 1) {
      const key = ${JSON.stringify(name)} + '-' + index;
      await keyring.set(item(key, 'secret of ' + key));
      await keyring.set(item('shared', ${JSON.stringify(name)}.repeat(2000)));
    }
    keyring.close?.();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { timeout: 50_000 });
}
