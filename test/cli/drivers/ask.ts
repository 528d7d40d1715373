// Asks one or more questions on the terminal and prints what came of it: ask.ts (secret|shown) MESSAGE ...
import { writeSync } from 'node:fs';
import { askTerminal } from '../../../cli/ask/terminal.ts';
import { asVaultError } from '../../../native-host/errors.ts';

const [kind, ...messages] = process.argv.slice(2);
const stopping = new AbortController();
process.on('SIGUSR2', () => stopping.abort());
if (process.env.ABORT_AT_ONCE !== undefined) queueMicrotask(() => stopping.abort());
try {
  for (const message of messages) {
    const text = `${message.replace('PID', String(process.pid))} `;
    const answer = await askTerminal({ message: text, secret: kind === 'secret', signal: stopping.signal });
    writeSync(1, `answer=${answer.length}:${Buffer.from(answer).toString('hex')}\n`);
  }
} catch (error) {
  const { code, message } = asVaultError(error);
  writeSync(1, `${code}: ${message}\n`);
  process.exitCode = 1;
}
