import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, resolve, sep } from 'node:path';
import { asVaultError, type VaultError } from '../native-host/errors.ts';
import { readSettingsFile, settingsFilePath } from '../native-host/settings-file.ts';
import { VERSION } from '../native-host/version.ts';
import { parseArgs } from './args.ts';
import { isAboutCommandLine } from './args-tokens.ts';
import { inherited, NOTHING_INHERITED } from './inherited.ts';
import { mayAskHost } from './may-ask-host.ts';
import { print } from './print.ts';

/** The whole program: arguments in, exit status out. The only place that prints an error. */
async function main(startedAs: string, argv: readonly string[]): Promise<number> {
  const programName = basename(startedAs);
  let command = '';
  try {
    if (argv[0]?.startsWith('__complete') || argv[0]?.startsWith('--completion-')) {
      const { answerShell } = await import('./answer-shell.ts');
      return await answerShell(argv, {
        programName,
        programFile: fileOf(startedAs),
        env: process.env,
        homeDir: home(),
      });
    }
    const invocation = parseArgs(argv, process.env, () => readSettingsFile(settingsFilePath(process.env, home())));
    // --version prints where aws-vault's does; the command's result goes where results go.
    if (invocation.command === 'version') return print('args' in invocation ? 1 : 2, `${VERSION}\n`);
    if (invocation.command === 'help') {
      const { renderHelp } = await import('./args-help.ts');
      return print(invocation.topic === 'usage' ? 2 : 1, renderHelp(invocation, programName));
    }
    command = invocation.command;
    const kept = invocation.command === 'exec' ? inherited(process.env) : NOTHING_INHERITED;
    if (invocation.command === 'exec' && mayAskHost(invocation, process.env)) {
      const { execFromHost } = await import('./exec-from-host.ts');
      const status = await execFromHost(invocation, userEnvironment(), kept);
      if (status !== undefined) return status;
    }
    const { runCommand } = await import('./run-command.ts');
    // The host's launcher lies beside this program's: dist/keyturn-host, above dist/lib/cli.cjs.
    const hostLauncher = (): string => resolve(dirname(process.argv[1] ?? ''), '..', 'keyturn-host');
    const programFile = fileOf(startedAs);
    return await runCommand(invocation, {
      programName,
      programFile,
      env: userEnvironment(),
      hostLauncher,
      inherited: kept,
    });
  } catch (error) {
    const failure = asVaultError(error);
    print(2, errorLine(failure, programName, command));
    if (failure.code === 'INTERNAL') debugStack(failure, argv);
    return failure.code === 'CANCELLED' ? 130 : 1;
  }
}

function home(): string {
  return (process.platform !== 'win32' && process.env.HOME) || process.getBuiltinModule('node:os').homedir();
}

/** Where this program is, as the user reaches it: a symbolic link stays when a new version takes the old one's place. */
function fileOf(startedAs: string): string {
  if (startedAs.includes(sep)) return resolve(startedAs);
  const files = (process.env.PATH ?? '').split(delimiter).map((dir) => resolve(dir, startedAs));
  return files.find((file) => existsSync(file) && realpathSync.native(file) === process.execPath) ?? process.execPath;
}

/** The environment as the user set it: where a script starts Node, it puts NODE_OPTIONS aside, because it is meant for other programs. */
function userEnvironment(): NodeJS.ProcessEnv {
  const { KEYTURN_NODE_OPTIONS, ...env } = process.env;
  return KEYTURN_NODE_OPTIONS === undefined ? env : { ...env, NODE_OPTIONS: KEYTURN_NODE_OPTIONS };
}

/** aws-vault's export says exec; shell-env is what the shell's function kt runs. */
const PREFIXES: Readonly<Record<string, string>> = { export: 'exec', 'shell-env': 'kt' };

/** aws-vault's form of an error, and the stable code; one line without control characters, whatever AWS or a file said. */
function errorLine(error: VaultError, programName: string, command: string): string {
  const { code, message } = error;
  const prefix = command === '' || isAboutCommandLine(error) ? '' : `${PREFIXES[command] ?? command}: `;
  return `${programName}: error: ${prefix}${message.replaceAll(/\s*\p{Cc}\s*/gu, ' ')} [${code}]\n`;
}

function debugStack({ cause }: VaultError, argv: readonly string[]): void {
  if (argv.includes('--debug') && cause instanceof Error) print(2, `${cause.stack ?? ''}\n`);
}

const [, , startedAs = 'keyturn', ...argv] = process.argv;
// Not by waiting until nothing is left to do: a proxy may keep a connection open that nobody needs any more.
void main(startedAs, argv).then((status) => process.exit(status));
