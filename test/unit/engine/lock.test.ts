import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileLocks } from '../../../native-host/engine/lock.ts';
import { VaultError } from '../../../native-host/errors.ts';

let dir: string;
const children: ChildProcess[] = [];
const signal = new AbortController().signal;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true });
});

/** Another process that takes the lock and says so; it holds it until it is killed. */
async function holder(name: string): Promise<ChildProcess> {
  const module = path.resolve('native-host/engine/lock.ts');
  const script = `import { fileLocks } from ${JSON.stringify(module)};
    await fileLocks(process.argv[1]).acquire(process.argv[2], { signal: new AbortController().signal });
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, dir, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) if (line === 'held') break;
  return child;
}

it('is given to one at a time, in the same process too', async () => {
  const locks = fileLocks(dir);
  const order: string[] = [];
  const first = await locks.acquire('a', { signal });
  const second = locks.acquire('a', { signal, onWait: () => order.push('waiting') }).then((release) => {
    order.push('second');
    return release;
  });
  const other = await locks.acquire('b', { signal });
  other();
  await expect.poll(() => order).toEqual(['waiting']);
  order.push('release');
  first();
  (await second)();
  expect(order).toEqual(['waiting', 'release', 'second']);
});

it('is free at once when its holder is killed', async () => {
  const child = await holder('a');
  let hasWaited = false;
  const acquired = fileLocks(dir).acquire('a', { signal, onWait: () => (hasWaited = true) });
  await expect.poll(() => hasWaited).toBe(true);
  const killedAt = performance.now();
  child.kill('SIGKILL');
  (await acquired)();
  expect(performance.now() - killedAt).toBeLessThan(1000);
});

it('stops waiting when the wait is cancelled', async () => {
  await holder('a');
  const controller = new AbortController();
  const waiting = fileLocks(dir).acquire('a', { signal: controller.signal, onWait: () => controller.abort() });
  await expect(waiting).rejects.toThrow('aborted');
});

it('shares a refusal with those who were waiting, and with nobody who comes later', async () => {
  const locks = fileLocks(dir);
  const first = await locks.acquire('a', { signal });
  const waited = Promise.withResolvers<void>();
  const second = locks.acquire('a', { signal, onWait: waited.resolve });
  await waited.promise;
  first(new VaultError('CANCELLED', 'the person said no', { details: { profile: 'work' } }));
  await expect(second).rejects.toMatchObject({
    code: 'CANCELLED',
    message: 'the person said no',
    details: { profile: 'work' },
  });
  (await locks.acquire('a', { signal }))();
});

it('lets the next one try after a failure that says nothing about him', async () => {
  const locks = fileLocks(dir);
  const first = await locks.acquire('a', { signal });
  const waited = Promise.withResolvers<void>();
  const second = locks.acquire('a', { signal, onWait: waited.resolve });
  await waited.promise;
  first(new VaultError('AWS_UNREACHABLE', 'no network'));
  (await second)();
});

it('keeps its files to the user', async () => {
  const inner = path.join(dir, 'locks');
  (await fileLocks(inner).acquire('a', { signal }))();
  expect(fs.statSync(inner).mode & 0o777).toBe(0o700);
});
