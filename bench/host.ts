import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { MessageClient } from '../native-host/message-client.ts';
import { CHROMIUM_EXTENSION_ID, PROTOCOL_VERSION } from '../native-host/protocol.ts';
import { PROFILE_COUNT, worldWithProfiles } from './people.ts';
import { heading, sizeRow, timeRow } from './report.ts';
import { interleaved } from './samples.ts';

const RUNS = 200;

type Host = ChildProcessByStdio<Writable, Readable, null>;

/** The native host over its pipes, as a browser has it: how fast it lists, and what it occupies. */
export async function benchHost(): Promise<void> {
  const world = await worldWithProfiles(PROFILE_COUNT);
  const { env, home } = world;
  const args = [`chrome-extension://${CHROMIUM_EXTENSION_ID}/`];
  const host: Host = spawn(path.resolve('dist/keyturn-host'), args, {
    env,
    cwd: home,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  try {
    const client = new MessageClient(host.stdout, host.stdin);
    const protocol = { min: PROTOCOL_VERSION, max: PROTOCOL_VERSION };
    await client.call('hello', { protocol, extensionVersion: '0.0.0' });
    await client.call('list', {});
    await client.call('consoleUrl', { profile: 'p' });
    const memory = memoryOf(host.pid ?? 0);
    const { list } = await interleaved(RUNS, {
      list: async () => {
        const askedAt = performance.now();
        const { profiles } = await client.call('list', {});
        const elapsed = performance.now() - askedAt;
        if (!Array.isArray(profiles) || profiles.length < PROFILE_COUNT) throw new Error('the list is not complete');
        return elapsed;
      },
    });
    heading(`Native host, median (least-most) of ${RUNS} calls`);
    timeRow(`list of ${PROFILE_COUNT} profiles, warm`, list, { target: { atMost: 5 } });
    sizeRow('resident after hello, list, consoleUrl', memory.resident, { atMost: 60e6 });
    sizeRow('of which private', memory.private);
  } finally {
    host.stdin.end();
    await once(host, 'exit');
    await world.close();
  }
}

/** In bytes, as Linux counts them: all pages that are in memory, and those that no other process shares. */
function memoryOf(pid: number): { readonly resident: number; readonly private: number } {
  const bytesOf = (file: string, field: string): number => {
    const text = fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/${pid}/${file} has no ${field}`);
    return Number(kibibytes) * 1024;
  };
  const clean = bytesOf('smaps_rollup', 'Private_Clean');
  return { resident: bytesOf('status', 'VmRSS'), private: clean + bytesOf('smaps_rollup', 'Private_Dirty') };
}
