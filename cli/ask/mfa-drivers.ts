import { basename } from 'node:path';
import type { MfaQuestion } from '../../native-host/ask.ts';
import { VaultError } from '../../native-host/errors.ts';
import type { GivenCode } from '../../native-host/fresh-code.ts';
import { variable } from '../../native-host/settings.ts';
import type { MfaProcess } from '../../native-host/vault-mfa.ts';
import type { PromptName } from '../asker.ts';
import { isInstalled as isOnPath } from '../child.ts';
import type { AskHow, Cli } from '../cli.ts';
import { hasRunningHost } from '../running-hosts.ts';
import type { ProgramPrompt } from './programs.ts';
import { askTerminal, hasTerminal } from './terminal.ts';

/** One way to get a code, as tried in turn. */
export type Driver = {
  readonly name: 'mfa_process' | PromptName;
  readonly from: GivenCode['from'];
  /** Somebody chose it, so that its failure is said; the others are only tried. */
  readonly isChosen: boolean;
  /** Whether it is worth telling that it is tried next. */
  readonly isThere: boolean;
  readonly ask: (question: MfaQuestion, signal: AbortSignal) => Promise<string>;
};

export type DriverOptions = {
  readonly prompt: PromptName | undefined;
  /** The profile's `mfa_process`. */
  readonly mfaProcess: MfaProcess | undefined;
  readonly timeoutMs: number;
  readonly how: AskHow;
  readonly cli: Omit<Cli, 'ask'>;
};

const PLACES: { readonly [name in Driver['name']]: string } = {
  mfa_process: 'running mfa_process',
  terminal: 'asking in the terminal',
  browser: 'asking in the browser',
  kdialog: 'asking with kdialog',
  osascript: 'asking with osascript',
  wincredui: 'asking in a window',
  ykman: 'asking the YubiKey',
  zenity: 'asking with zenity',
};

/** The program that is served has it: two that read from it would take each other's keys. */
const TAKEN_TERMINAL: Driver = {
  name: 'terminal',
  from: 'person',
  isChosen: false,
  isThere: false,
  ask: () => Promise.reject(new VaultError('MFA_REQUIRED', 'terminal: the running program has it')),
};

/**
 * The ways to a code in the order they are tried: the profile's `mfa_process`, the chosen prompt, then whatever else is here:
 * the terminal, the browser, a dialog where there is a display, and a YubiKey if the environment tells of one.
 */
export function mfaDrivers(options: DriverOptions): Driver[] {
  const { prompt, mfaProcess, how, cli } = options;
  const all: PromptName[] = ['terminal', 'browser', ...dialogs(cli), ...yubikey(cli)];
  const names = prompt === undefined ? all : [prompt, ...all.filter((name) => name !== prompt)];
  const isTaken = how.withoutTerminal === true;
  const drivers = names
    .filter((name) => name !== 'terminal' || !isTaken || hasTerminal())
    .map((name): Driver => {
      if (name === 'terminal' && isTaken) return TAKEN_TERMINAL;
      return { ...driver(name, options), isChosen: name === prompt, isThere: isThere(name, cli) };
    });
  if (mfaProcess === undefined) return drivers;
  const ask = processDriver(mfaProcess, options);
  return [{ name: 'mfa_process', from: 'program', isChosen: true, isThere: true, ask }, ...drivers];
}

/**
 * The first driver's code that there is. A driver that fails gives way to the next, with a line that says so if it was chosen
 * or has begun to ask, and is not tried again; a person's cancel ends it all.
 * @throws VaultError CANCELLED, and what is left when every driver has failed: MFA_REQUIRED, or the chosen one's own code
 */
export async function askInTurn(
  drivers: readonly Driver[],
  question: MfaQuestion,
  { failures, cli, signal }: Turn,
): Promise<GivenCode> {
  for (const [index, { name, from, isChosen, ask }] of drivers.entries()) {
    if (failures.has(name)) continue;
    try {
      return { code: await ask(question, signal), from };
    } catch (error) {
      if (!(error instanceof VaultError) || error.code === 'CANCELLED' || signal.aborted) throw error;
      failures.set(name, error);
      const next = drivers.slice(index + 1).find((other) => other.isThere && !failures.has(other.name));
      const isNews = isChosen || !ABSENCES.has(error.code);
      if (next !== undefined && isNews) cli.say(`${cli.programName}: ${reason(error)}; ${PLACES[next.name]}`);
    }
  }
  throw allFailed(drivers, question, failures);
}

export type Turn = {
  /** What has failed so far in this command. */
  readonly failures: Map<Driver['name'], VaultError>;
  readonly cli: Pick<Cli, 'programName' | 'say'>;
  readonly signal: AbortSignal;
};

// There is no such place to ask in, and nobody said there was.
const ABSENCES = new Set(['MFA_REQUIRED', 'BROWSER_NOT_CONNECTED']);

function allFailed(
  drivers: readonly Driver[],
  { mfaSerial, profile }: MfaQuestion,
  failures: Turn['failures'],
): VaultError {
  const reasons = drivers.map(({ name }) => {
    const failure = failures.get(name);
    const text = failure === undefined ? 'not asked' : reason(failure);
    return text.startsWith(`${name}: `) ? text : `${name}: ${text}`;
  });
  const ways =
    'use --prompt browser with a browser that is connected, --mfa-token CODE, or an mfa_process in the profile';
  const message = `nobody could be asked for the MFA code of ${mfaSerial} (${reasons.join('; ')}); ${ways}`;
  const chosen = drivers.find(({ isChosen }) => isChosen);
  const isLate = [...failures.values()].some(({ code }) => code === 'TIMEOUT');
  const code = (chosen && failures.get(chosen.name)?.code) ?? (isLate ? 'TIMEOUT' : 'MFA_REQUIRED');
  return new VaultError(code, message, { details: { profile, mfaSerial } });
}

/** Why a driver failed; its own advice would be about other drivers. */
function reason({ code, message }: VaultError): string {
  if (code !== 'BROWSER_NOT_CONNECTED') return message;
  return "no browser with the Keyturn extension is connected ('keyturn host status' shows what is missing)";
}

function driver(name: PromptName, options: DriverOptions): Omit<Driver, 'isChosen' | 'isThere'> {
  if (name === 'terminal') return { name, from: 'person', ask: terminalDriver(options) };
  if (name === 'browser') return { name, from: 'person', ask: browserDriver(options) };
  return { name, from: name === 'ykman' ? 'program' : 'person', ask: programDriver(name, options) };
}

function processDriver({ command, env }: MfaProcess, { timeoutMs, cli }: DriverOptions): Driver['ask'] {
  return async ({ rejected }, signal) => {
    if (rejected !== undefined) cli.say(`${cli.programName}: ${rejected}; running mfa_process again`);
    const { runMfaProcess } = await import('../../native-host/mfa-process.ts');
    return runMfaProcess(command, { signal, env, timeoutMs });
  };
}

function terminalDriver({ timeoutMs, cli }: DriverOptions): Driver['ask'] {
  return async ({ mfaSerial, rejected }, signal) => {
    if (rejected !== undefined) cli.say(`${cli.programName}: ${rejected}; try again`);
    const message = `Enter MFA code for ${mfaSerial}: `;
    return askTerminal({ message, secret: false, signal, timeoutMs, withoutTerminal: { code: 'MFA_REQUIRED' } });
  };
}

function browserDriver({ timeoutMs, how, cli }: DriverOptions): Driver['ask'] {
  return async (question, signal) => {
    const { askInBrowser } = await import('../../native-host/user-socket.ts');
    const { parentProgram } = await import('../parent-program.ts');
    const parent = parentProgram();
    const request = {
      kind: 'mfa',
      ...question,
      profile: how.profile ?? question.profile,
      program: how.program ?? basename(cli.programName),
      ...(parent !== undefined && { parent }),
      pid: process.pid,
    } as const;
    const onAsked = (): void => cli.say(`Asking for the MFA code of ${question.mfaSerial} in the browser ...`);
    return askInBrowser(request, { stateDir: cli.settings.stateDir, env: cli.env, signal, timeoutMs, onAsked });
  };
}

function programDriver(name: ProgramPrompt, { timeoutMs, cli }: DriverOptions): Driver['ask'] {
  return async ({ mfaSerial, rejected }, signal) => {
    if (needsDisplay(name) && !hasDisplay(cli)) {
      throw new VaultError('PROCESS_FAILED', `${name}: no display (neither $DISPLAY nor $WAYLAND_DISPLAY is set)`);
    }
    if (name === 'ykman' && rejected !== undefined) cli.say(`${cli.programName}: ${rejected}`);
    const { askProgram } = await import('./programs.ts');
    const message = `${rejected === undefined ? '' : `${capitalized(rejected)}. `}Enter MFA code for ${mfaSerial}: `;
    return askProgram(name, { message, mfaSerial, title: cli.programName, signal, timeoutMs, env: cli.env });
  };
}

function isThere(name: PromptName, { settings, env }: DriverOptions['cli']): boolean {
  if (name === 'terminal') return hasTerminal();
  if (name !== 'browser') return true;
  return hasRunningHost({ settings, env });
}

/** The dialog programs that could show something here; KDE's own first where that is the desktop. */
function dialogs(cli: DriverOptions['cli']): ProgramPrompt[] {
  if (cli.platform === 'win32') return ['wincredui'];
  const isKde = /\bKDE\b/i.test(cli.env.XDG_CURRENT_DESKTOP ?? '');
  const onDisplay = isKde ? (['kdialog', 'zenity'] as const) : (['zenity', 'kdialog'] as const);
  const names: ProgramPrompt[] = [
    ...(cli.platform === 'darwin' ? (['osascript'] as const) : []),
    ...(hasDisplay(cli) ? onDisplay : []),
  ];
  return names.filter((name) => isInstalled(name, cli));
}

function yubikey(cli: DriverOptions['cli']): ProgramPrompt[] {
  const { env } = cli;
  const isMeant = ['YKMAN_OATH_CREDENTIAL_NAME', 'YKMAN_OATH_DEVICE_SERIAL'].some((name) => variable(env, name));
  return isMeant && isInstalled('ykman', cli) ? ['ykman'] : [];
}

/** Whether the program of a prompt is on PATH; the window of Windows is there on Windows. */
export function isInstalled(name: ProgramPrompt, { env, platform }: Pick<Cli, 'env' | 'platform'>): boolean {
  if (name === 'wincredui') return platform === 'win32';
  return isOnPath(name, env);
}

function needsDisplay(name: ProgramPrompt): boolean {
  return name === 'kdialog' || name === 'zenity';
}

function hasDisplay({ env, platform }: DriverOptions['cli']): boolean {
  const isThere = ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => variable(env, name) !== undefined);
  return isThere || platform === 'darwin'; // KDE's program draws on macOS without X
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
