import { DEFAULT_OP_TIMEOUT, opTimeoutMs } from '../../native-host/op-timeout.ts';
import { DEFAULT_PROMPT_TIMEOUT, promptTimeoutMs } from '../../native-host/prompt-timeout.ts';
import type { Grammar } from '../args-grammar.ts';
import { ssoFlags } from './sso-flags.ts';

const LINUX_BACKENDS = ['secret-service', 'kwallet', 'keyctl', 'pass', 'file', 'passage', 'op'] as const;
/** What there is on each system, in the order in which it is tried (test/repo/backends.test.ts holds it to the code). */
const BACKENDS_OF: { readonly [P in NodeJS.Platform]?: readonly string[] } = {
  linux: LINUX_BACKENDS,
  darwin: ['keychain', 'pass', 'file', 'passage', 'op'],
  win32: ['wincred', 'file', 'op'],
};
export const BACKENDS = backendsOf(process.platform);

export function backendsOf(platform: NodeJS.Platform): readonly string[] {
  return BACKENDS_OF[platform] ?? LINUX_BACKENDS.filter((name) => name !== 'keyctl');
}

const PROMPTS = ['terminal', 'browser', 'kdialog', 'osascript', 'wincredui', 'ykman', 'zenity'] as const;

function refusedPrompt(value: string): string {
  if (value !== 'pass') return `--prompt value must be one of ${PROMPTS.join(',')}, got '${value}', try --help`;
  return (
    '--prompt=pass (or AWS_VAULT_PROMPT=pass) no longer exists, because a TOTP secret should live on a device of its own; ' +
    'to use pass all the same, set `mfa_process = pass otp MFA_SERIAL` in the profiles of ~/.aws/config'
  );
}

export const globalFlags = {
  debug: { kind: 'boolean', help: 'Say on stderr what is done and why.' },
  backend: {
    kind: 'choice',
    choices: BACKENDS,
    env: 'AWS_VAULT_BACKEND',
    help: `Where secrets are kept: ${BACKENDS.join(', ')} (default: the first that opens; the choice is remembered).`,
  },
  prompt: {
    kind: 'choice',
    choices: PROMPTS,
    env: 'AWS_VAULT_PROMPT',
    refusal: refusedPrompt,
    help: `Where MFA codes are asked for: ${PROMPTS.join(', ')} (default: the terminal if there is one, else a connected browser, else a dialog).`,
  },
  promptTimeout: {
    kind: 'string',
    placeholder: 'DURATION',
    default: DEFAULT_PROMPT_TIMEOUT,
    check: promptTimeoutMs,
    env: 'KEYTURN_PROMPT_TIMEOUT',
    help: 'How long a question for an MFA code or a passphrase waits for its answer.',
  },
  ...ssoFlags,
  secretServiceCollection: {
    kind: 'string',
    placeholder: 'NAME',
    default: 'awsvault',
    env: 'AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME',
    help: 'Collection of the Secret Service that holds the vault.',
  },
  fileDir: {
    kind: 'string',
    placeholder: 'DIR',
    default: '~/.awsvault/keys/',
    env: 'AWS_VAULT_FILE_DIR',
    help: 'Directory of the "file" backend.',
  },
  lockAfter: {
    kind: 'string',
    placeholder: 'DURATION',
    default: '15m',
    env: 'KEYTURN_LOCK_AFTER',
    help: 'How long an unlocked "file" backend stays so without use (from 1s to 168h); see unlock.',
  },
  filePassphraseCommand: {
    kind: 'string',
    placeholder: 'CMD',
    env: 'KEYTURN_FILE_PASSPHRASE_COMMAND',
    help: 'Program that prints the passphrase of the "file" backend, run by the shell.',
  },
  keychain: {
    kind: 'string',
    placeholder: 'NAME',
    default: 'aws-vault',
    env: 'AWS_VAULT_KEYCHAIN_NAME',
    help: 'Name of the macOS keychain, which is made if it does not exist.',
  },
  passDir: {
    kind: 'string',
    placeholder: 'DIR',
    env: 'AWS_VAULT_PASS_PASSWORD_STORE_DIR',
    help: 'Directory of the password store (default: where pass or passage has it).',
  },
  passCmd: {
    kind: 'string',
    placeholder: 'CMD',
    env: 'AWS_VAULT_PASS_CMD',
    help: 'Name of the program (default: pass, or passage for the "passage" backend).',
  },
  passPrefix: {
    kind: 'string',
    placeholder: 'PREFIX',
    env: 'AWS_VAULT_PASS_PREFIX',
    help: 'Folder of the vault in the password store (default: its top).',
  },
  opVaultId: {
    kind: 'string',
    placeholder: 'ID',
    env: 'AWS_VAULT_OP_VAULT_ID',
    help: 'Vault of 1Password, for the "op" backend.',
  },
  opItemTitlePrefix: {
    kind: 'string',
    placeholder: 'PREFIX',
    default: 'aws-vault',
    env: 'AWS_VAULT_OP_ITEM_TITLE_PREFIX',
    help: "What the titles of 1Password's items begin with.",
  },
  opItemTag: {
    kind: 'string',
    placeholder: 'TAG',
    default: 'aws-vault',
    env: 'AWS_VAULT_OP_ITEM_TAG',
    help: "Tag of 1Password's items.",
  },
  opDesktopAccountId: {
    kind: 'string',
    placeholder: 'ACCOUNT',
    env: 'AWS_VAULT_OP_DESKTOP_ACCOUNT_ID',
    help: "Account of 1Password's app (default: the one used last).",
  },
  opTimeout: {
    kind: 'string',
    placeholder: 'DURATION',
    default: DEFAULT_OP_TIMEOUT,
    check: opTimeoutMs,
    env: 'AWS_VAULT_OP_TIMEOUT',
    help: 'How long 1Password may take for one answer with a service account.',
  },
} as const satisfies Grammar['globals'];
