import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { VaultError } from '../errors.ts';
import { METADATA_ADDRESS } from './metadata.ts';

export type AddressCommands = {
  readonly add: readonly [string, ...string[]];
  readonly remove: readonly [string, ...string[]];
};

/** An interface name that marks the address as ours on Linux, so that one a killed proxy left is known again. */
export const OUR_LABEL = 'lo:keyturn';

const WINDOWS_LOOPBACK = 'Loopback Pseudo-Interface 1';

/**
 * How the loopback interface gets the metadata service's address, and loses it, for a while: none of this outlives a restart.
 * For this machine alone: not a network of addresses, and on Linux not one that others are told of.
 * @throws VaultError USAGE where nobody has found out how
 */
export function addressCommands(platform: NodeJS.Platform): AddressCommands {
  const netsh = ['interface', 'ipv4'] as const;
  const place = [`name=${WINDOWS_LOOPBACK}`, `address=${METADATA_ADDRESS}`] as const;
  switch (platform) {
    case 'linux':
      return {
        add: ['ip', 'address', 'add', `${METADATA_ADDRESS}/32`, 'dev', 'lo', 'scope', 'host', 'label', OUR_LABEL],
        remove: ['ip', 'address', 'del', `${METADATA_ADDRESS}/32`, 'dev', 'lo'],
      };
    case 'darwin':
      return {
        add: ['ifconfig', 'lo0', 'alias', METADATA_ADDRESS, 'netmask', '255.255.255.255'],
        remove: ['ifconfig', 'lo0', '-alias', METADATA_ADDRESS],
      };
    case 'win32':
      return {
        add: [
          'netsh',
          ...netsh,
          'add',
          'address',
          ...place,
          'mask=255.255.255.255',
          'skipassource=true',
          'store=active',
        ],
        remove: ['netsh', ...netsh, 'delete', 'address', ...place, 'store=active'],
      };
    default:
      throw new VaultError('USAGE', `--ec2-server is not made for ${platform}; use --ecs-server`);
  }
}

/** The interface that has the metadata service's address, if one of this machine has. */
export function addressInterface(interfaces = networkInterfaces()): string | undefined {
  const found = Object.entries(interfaces).find(([, addresses]) =>
    addresses?.some(({ address }) => address === METADATA_ADDRESS),
  );
  return found?.[0];
}

/** Takes the address away, if somebody has not done it already. @throws VaultError PROCESS_FAILED, USAGE */
export async function removeAddress(platform: NodeJS.Platform): Promise<void> {
  if (addressInterface() !== undefined) await runAddressCommand(addressCommands(platform).remove);
}

/** Root's programs are where the system has them, whatever PATH it was given. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const COMMAND_TIMEOUT_MS = 10_000;

/** Runs one of the commands. @throws VaultError PROCESS_FAILED with what it printed */
export async function runAddressCommand([file, ...args]: AddressCommands['add']): Promise<void> {
  const env = process.platform === 'win32' ? undefined : { PATH: SYSTEM_PATH };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_TIMEOUT_MS });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const status = await new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `exit status ${code ?? signal}`));
  });
  if (status === '') return;
  const reason = printed.trim() === '' ? status : printed.trim();
  throw new VaultError('PROCESS_FAILED', `${[file, ...args].join(' ')}: ${reason}`);
}

/** Long for a service on this machine or its own network, short for a person who waits where there is none. */
const PROBE_MS = 300;

/** Whether something answers at the metadata service's address already. */
export function isMetadataAddressTaken(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: METADATA_ADDRESS, port: 80 });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_MS, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false)); // refused or out of reach: nobody is there
  });
}

/** @throws VaultError PROCESS_FAILED, in aws-vault's words, and what they mean */
export function metadataAddressTaken(cause?: unknown): VaultError {
  const message = `Another process is already bound to ${METADATA_ADDRESS}:80: another proxy, a web server that listens on every address, or the metadata service of this machine if it is one of a cloud; use --ecs-server instead`;
  return new VaultError('PROCESS_FAILED', message, { cause });
}
