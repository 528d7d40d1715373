import fs from 'node:fs';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { addKey, KEYTURN, startWorld, writeConfig } from './world.ts';

export const SERIAL = 'arn:aws:iam::111122223333:mfa/ada';

/** Ada without an MFA device, her key in the vault, a role without a device and one with another; terminals to sit at. */
export async function startMfaWorld() {
  const world = await startWorld();
  const { aws } = world;
  const user = aws.addUser({ account: '111122223333', name: 'ada', path: '/team/' });
  const role = (name: string) => aws.addRole({ account: '444455556666', name, trusts: [user.arn] }).arn;
  writeConfig(
    world,
    `# mine\n[default]\nregion = eu-west-1\n\n[profile ada]\noutput = json # so\n\n# roles\n[profile admin]\nsource_profile = ada\nrole_arn = ${role('admin')}\n[profile other]\nsource_profile = ada\nrole_arn = ${role('other')}\nmfa_serial = GAHT12345678\n`,
  );
  await addKey(world, 'ada', aws.addAccessKey(user));
  const configText = (): string => fs.readFileSync(world.configFile, 'utf8');
  const startedAt = Date.now();
  return {
    world,
    user,
    configText,
    /** Gives the profile `ada` an mfa_serial. */
    useDevice: (serial: string): void =>
      fs.writeFileSync(world.configFile, configText().replace('json # so\n', `json # so\nmfa_serial = ${serial}\n`)),
    terminal: (command: string, env: Record<string, string> = {}): PseudoTerminal =>
      new PseudoTerminal(`stty rows 40 cols 100; ${KEYTURN} ${command}`, { ...world.env, TERM: 'xterm', ...env }),
    /** A code of the device, counted in half minutes from one moment: two in a row stay so when a half minute ends between them. */
    code: (steps: number, serial = SERIAL): string =>
      world.aws.mfaDevice(serial).code(new Date(startedAt + steps * 30_000)),
  };
}

/** How far the output of each terminal has been read. */
const read = new WeakMap<PseudoTerminal, number>();

/** Waits until the terminal shows this after what it was waited for last. */
export async function asks(screen: PseudoTerminal, question: string): Promise<void> {
  const from = read.get(screen) ?? 0;
  await screen.shows(question, from);
  read.set(screen, screen.output.indexOf(question, from) + 1);
}

/** Answers the two questions for codes; the device may exist only when it is asked for. */
export async function typeCodes(screen: PseudoTerminal, first: () => string, second: () => string): Promise<void> {
  await asks(screen, 'First code');
  screen.type(`${first()}\r`);
  await asks(screen, 'next code');
  screen.type(`${second()}\r`);
}
