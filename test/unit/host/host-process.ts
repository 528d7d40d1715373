// A host of its own process: listens for terminals in the state directory given, with a browser that never answers.
import { ConsoleOpens } from '../../../native-host/console-opens.ts';
import { Logins } from '../../../native-host/logins.ts';
import { PromptBroker } from '../../../native-host/prompts.ts';
import { terminalConsole } from '../../../native-host/terminal-console.ts';
import { UnlockedVaults } from '../../../native-host/unlocked-vaults.ts';
import { listenForTerminals } from '../../../native-host/user-socket-server.ts';

const [, , stateDir = ''] = process.argv;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const prompts = new PromptBroker();
prompts.onChange((list) => process.stdout.write(`${list.length}\n`));
listenForTerminals({
  stateDir,
  env: process.env,
  prompts,
  console: terminalConsole({
    vault: { consolePlan: async () => ({ plan: '', destination: '' }) },
    opens: new ConsoleOpens(),
    family: 'firefox',
  }),
  logins: new Logins(),
  family: 'firefox',
  vaults: new UnlockedVaults({ stateDir, fileRounds: '8192' }),
  sessions: { cachedSession: async () => ({}) },
  hostVersion: '0.1.0',
  pid: process.pid,
  signal: stop.signal,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write('listening\n');
