import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { BUS } from '../../native-host/keyring/dbus.ts';
import type { WireValue } from '../../native-host/keyring/dbus-wire.ts';
import { type SessionBus, startSessionBus } from './session-bus.ts';

/** KDE's wallet daemon on a bus of its own, without a display: nobody can answer what it asks. */
export type KwalletDaemon = {
  readonly bus: SessionBus;
  readonly call: (member: string, signature: string, body: readonly WireValue[]) => Promise<WireValue | undefined>;
  /** Makes the wallet, or opens it, as a login with its password does. */
  readonly openWallet: () => Promise<void>;
  readonly closeWallet: () => Promise<void>;
  /** It is there and does not answer. */
  readonly pause: () => void;
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const WALLET = 'aws-vault';
const SERVICE = 'org.kde.kwalletd5';

/** `config`: more of its settings, such as which programs it lets in. */
export async function startKwallet({ config = '' }: { readonly config?: string } = {}): Promise<KwalletDaemon> {
  const bus = await startSessionBus({ service: false });
  const { env, control } = bus;
  const { HOME = '' } = env;
  fs.mkdirSync(path.join(HOME, '.config'));
  fs.writeFileSync(
    path.join(HOME, '.config', 'kwalletrc'),
    `[Wallet]\nEnabled=true\nFirst Use=false\nPrompt on Open=false\nClose When Idle=false\n${config}`,
  );
  fs.chmodSync(HOME, 0o700);
  const daemon = spawn('kwalletd5', [], { env: { ...env, QT_QPA_PLATFORM: 'offscreen' }, stdio: 'ignore' });
  await owned(bus, daemon);
  const call: KwalletDaemon['call'] = async (member, signature, body) => {
    const target = { destination: SERVICE, path: '/modules/kwalletd5', interface: 'org.kde.KWallet' };
    return (await control.call({ ...target, member, signature, body })).body[0];
  };
  const kill = async (): Promise<void> => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exit = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await exit;
  };
  return {
    bus,
    call,
    openWallet: async () => {
      await call('pamOpen', 'sayi', [WALLET, Buffer.alloc(56, 'k'), 0]);
      if ((await call('isOpen', 's', [WALLET])) !== true) throw new Error('KWallet did not open its wallet');
    },
    closeWallet: async () => void (await call('close', 'sb', [WALLET, true])),
    pause: () => void daemon.kill('SIGSTOP'),
    kill,
    stop: async () => {
      await kill();
      await bus.stop();
    },
  };
}

/** Waits until the daemon has its name on the bus. */
async function owned({ control }: SessionBus, daemon: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const reply = await control.call({ ...BUS, member: 'NameHasOwner', signature: 's', body: [SERVICE] });
    if (reply.body[0] === true) return;
    if (daemon.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('kwalletd5 did not start');
}
