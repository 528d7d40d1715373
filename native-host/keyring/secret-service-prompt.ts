import { BUS, type BusConnection } from './dbus.ts';
import { DbusError } from './dbus-error.ts';
import type { Message } from './dbus-message.ts';
import type { WireValue } from './dbus-wire.ts';
import { asVariant } from './dbus-wire.ts';
import { isDbusError, lockedError, secretServiceError } from './secret-service-error.ts';

/** What a service answers in place of a prompt when none is needed. */
export const NO_PROMPT = '/';

export type Prompt = {
  readonly path: string;
  /** The unique name of the service that made the prompt: nobody else may say how it ended. */
  readonly service: string;
  readonly timeoutMs: number;
  /** For messages: what the prompt is about, e.g. `the keyring "awsvault" is locked`. */
  readonly what: string;
  /** What helps where nobody can be asked or answers; to unlock it if not given. */
  readonly remedy?: string;
};

/**
 * Has the service ask the person, and waits for the end of that; returns its result.
 * @throws VaultError KEYRING_DENIED (dismissed), KEYRING_LOCKED (nobody answered, or nobody could be asked), CANCELLED;
 *   DbusError when the service or the bus ends
 */
export async function answerPrompt(bus: BusConnection, prompt: Prompt): Promise<WireValue> {
  const isGnomeKeyring = (await ownerOf(bus, 'org.gnome.keyring')) === prompt.service;
  let completed: Message;
  try {
    completed = await shown(bus, prompt);
  } catch (error) {
    // Not gnome-keyring's: version 42 aborts, with every keyring of the session, when a question to unlock is dismissed while
    // it is on the screen. There the question stays, and an answer that comes late unlocks the keyring for the next command.
    if (!isGnomeKeyring) bus.post({ ...callOf(prompt), member: 'Dismiss' });
    if (!isDbusError(error, 'Timeout')) throw error;
    throw lockedError(
      `${prompt.what} and nobody answered within ${Math.ceil(prompt.timeoutMs / 1000)} s`,
      prompt.remedy,
    );
  }
  const [isDismissed, result] = completed.body;
  if (isDismissed === false) return asVariant(result).value;
  // gnome-keyring reports a question that could not be shown (no display) like one that was dismissed. Its prompter lives on
  // for some seconds after each question, so if none is there, none was shown.
  if (isGnomeKeyring && (await ownerOf(bus, 'org.gnome.keyring.SystemPrompter')) === undefined) {
    throw lockedError(`${prompt.what} and there is no desktop to ask on`, prompt.remedy);
  }
  const message = `${prompt.what} and the question was dismissed; repeat the command to be asked again`;
  throw secretServiceError('KEYRING_DENIED', message);
}

function callOf(prompt: Prompt) {
  return { destination: prompt.service, path: prompt.path, interface: 'org.freedesktop.Secret.Prompt' };
}

/** The signal that ends the prompt. */
function shown(bus: BusConnection, prompt: Prompt): Promise<Message> {
  const { destination: sender, ...object } = callOf(prompt);
  const busSignal = { sender: BUS.destination, path: BUS.path, interface: BUS.interface };
  return bus.wait(prompt.timeoutMs, 'the prompt of the keyring', (resolve, reject) => {
    const ends = [
      bus.watch({ sender, ...object, member: 'Completed' }, resolve),
      bus.watch({ ...busSignal, member: 'NameOwnerChanged', arg0: prompt.service }, () =>
        reject(new DbusError('NoReply', 'the Secret Service ended while it asked')),
      ),
    ];
    const call = { ...callOf(prompt), member: 'Prompt', signature: 's', body: [''] };
    bus.call({ ...call, timeoutMs: prompt.timeoutMs }).catch(reject);
    return () => {
      for (const end of ends) end();
    };
  });
}

async function ownerOf(bus: BusConnection, name: string): Promise<WireValue | undefined> {
  try {
    return (await bus.call({ ...BUS, member: 'GetNameOwner', signature: 's', body: [name] })).body[0];
  } catch (error) {
    if (isDbusError(error, 'NameHasNoOwner')) return undefined;
    throw error;
  }
}
