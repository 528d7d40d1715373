import { PROTOCOL_VERSION, type WireError } from '../../native-host/protocol.ts';

export type HostAdvice = {
  readonly kind: 'missing' | 'forbidden' | 'host-too-old' | 'extension-too-old' | 'stopped';
  readonly title: string;
  readonly text: string;
  /** What to run in a terminal; absent when the way out is in the browser. */
  readonly command?: string;
};

const INSTALL = 'keyturn host install';

/** The screen for a host that cannot be used: what is the matter, and the way out. */
export function hostAdvice(error: WireError): HostAdvice {
  switch (error.code) {
    case 'HOST_NOT_FOUND':
      return {
        kind: 'missing',
        title: 'Connect this browser to Keyturn',
        text: 'The extension works through the keyturn program on this computer. Install the program, then run this once in a terminal:',
        command: INSTALL,
      };
    case 'HOST_FORBIDDEN':
      return {
        kind: 'forbidden',
        title: 'Keyturn does not accept this extension',
        text: 'The keyturn program is installed, but this extension is not on its list. Running this in a terminal puts it there:',
        command: INSTALL,
      };
    case 'VERSION_MISMATCH':
      return versionAdvice(error);
    default:
      return {
        kind: 'stopped',
        title: 'Keyturn has stopped',
        text: 'The keyturn program on this computer ended or does not answer. Try again; if it keeps happening, set it up anew from a terminal:',
        command: INSTALL,
      };
  }
}

function versionAdvice({ details }: WireError): HostAdvice {
  if ((details.protocol ?? 0) > PROTOCOL_VERSION) {
    return {
      kind: 'extension-too-old',
      title: 'This extension is too old',
      text: 'The keyturn program on this computer is newer. Update the extension on the browser’s extensions page, then try again.',
    };
  }
  return {
    kind: 'host-too-old',
    title: 'The keyturn program is too old',
    text: 'This extension needs a newer version of it. Update the keyturn program, then run this in a terminal:',
    command: INSTALL,
  };
}
