import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** Programs the tests run for real, and the Debian packages they come from. */
const NEEDED: Readonly<Record<string, string>> = {
  '/usr/lib/chromium/chromium': 'chromium',
  '/usr/bin/firefox-esr': 'firefox-esr',
  '/usr/bin/gnome-keyring-daemon': 'gnome-keyring',
  '/usr/bin/dbus-daemon': 'dbus-daemon',
  '/usr/bin/dbus-send': 'dbus-bin',
  '/usr/bin/secret-tool': 'libsecret-tools',
  '/usr/bin/gdbus': 'libglib2.0-bin',
  '/usr/bin/kwalletd5': 'libkf5wallet-bin',
  '/usr/bin/keyctl': 'keyutils',
  '/usr/bin/pass': 'pass',
  '/usr/bin/gpg': 'gnupg',
  '/usr/bin/age': 'age',
  '/usr/bin/aws': 'awscli',
  '/usr/bin/zsh': 'zsh',
  '/usr/bin/fish': 'fish',
  '/usr/share/bash-completion/bash_completion': 'bash-completion',
  '/usr/bin/mandoc': 'mandoc',
  '/usr/bin/script': 'bsdutils',
  '/usr/bin/pkill': 'procps',
  '/usr/bin/tcc': 'tcc',
  '/usr/bin/openssl': 'openssl',
  '/usr/bin/curl': 'curl',
  '/usr/bin/ip': 'iproute2',
  '/usr/bin/zip': 'zip',
  '/usr/bin/jq': 'jq',
};

const missing = [...new Set(Object.entries(NEEDED).flatMap(([file, name]) => (fs.existsSync(file) ? [] : [name])))];
if (missing.length > 0) {
  if (!fs.existsSync('/usr/bin/apt-get')) {
    console.error(
      `The tests need ${missing.join(', ')} (names of Debian's packages); install them and run npm test again.`,
    );
    process.exit(1);
  }
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  console.log(
    `The tests run real browsers, keyrings and AWS clients. Installing ${missing.join(', ')} with apt-get ...`,
  );
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...missing]]) {
    const [program = '', ...rest] = [...sudo, 'apt-get', ...args];
    execFileSync(program, rest, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
}
