import { fstatSync, statSync } from 'node:fs';

/**
 * Whether somebody looks at stdout. Node's own answer costs 10 ms, because it brings sockets and streams with it; what is no
 * device, or is /dev/null, is known without it.
 */
export function stdoutIsTerminal(): boolean {
  return isDevice() && process.getBuiltinModule('node:tty').isatty(1);
}

function isDevice(): boolean {
  if (process.platform === 'win32') return true; // where a console is no device
  try {
    const output = fstatSync(1);
    return output.isCharacterDevice() && output.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
  } catch {
    return false; // it is closed
  }
}
