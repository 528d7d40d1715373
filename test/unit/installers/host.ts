// A host for the tests of hello: the real server and caller check, without a vault.
import { browserActions } from '../../../native-host/actions.ts';
import { checkCaller } from '../../../native-host/caller.ts';
import { ConsoleOpens } from '../../../native-host/console-opens.ts';
import { encodeFrame } from '../../../native-host/framing.ts';
import { Logins } from '../../../native-host/logins.ts';
import { PromptBroker } from '../../../native-host/prompts.ts';
import { serve } from '../../../native-host/server.ts';
import { allowed } from './launcher.ts';

const [, , mode = '', ...args] = process.argv;

async function main(): Promise<void> {
  if (process.env.PATH !== '') throw new Error('PATH is not empty');
  if (mode === 'too-new') {
    process.stdout.write(encodeFrame({ id: 1, ok: true, result: { protocol: 2, hostVersion: '9', capabilities: [] } }));
  }
  checkCaller(args, allowed);
  if (mode === 'never-leaves') setInterval(() => undefined, 1000);
  const url = async () => ({ url: '' });
  const withoutLock = {
    lockState: async () => ({ status: 'none' }) as const,
    onLockChange: () => () => undefined,
    unlock: async () => undefined,
    lock: () => undefined,
  };
  const vault = { list: async () => ({ profiles: [] }), consoleUrl: url, openUrl: url, ...withoutLock };
  const shared = { prompts: new PromptBroker(), opens: new ConsoleOpens(), logins: new Logins(), hostVersion: '0.1.0' };
  const actions = browserActions({ vault, ...shared });
  await serve({ input: process.stdin, output: process.stdout, actions, signal: new AbortController().signal });
}

main().catch((error: unknown) => {
  process.stderr.write(`keyturn-host: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
