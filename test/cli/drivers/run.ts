// Runs a program as `exec` does: run.ts (replace|spawn) COMMAND [ARGS...]
import { writeSync } from 'node:fs';
import { childEnvironment, replaceProcess, resolveExecutable, spawnAndWait } from '../../../cli/child.ts';
import { asVaultError } from '../../../native-host/errors.ts';

const [how, ...argv] = process.argv.slice(2);
try {
  const file = resolveExecutable(argv[0] ?? '', process.env);
  const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'child-secret', sessionToken: 'child-token' };
  const env = childEnvironment(process.env, { profile: 'work', credentials, region: 'eu-west-1' });
  process.exitCode = await (how === 'spawn' ? spawnAndWait(file, argv, env) : replaceProcess(file, argv, env));
} catch (error) {
  const { code, message } = asVaultError(error);
  writeSync(2, `${code}: ${message}\n`);
  process.exitCode = 1;
}
