import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { VaultError } from '../errors.ts';
import type { Env } from './profile.ts';

// Not imported: a connection without TLS does not load it, and so a host is 4 MB smaller.
const tls = (): typeof import('node:tls') => process.getBuiltinModule('node:tls');

/**
 * The certificate authorities a connection is checked against. `everyday` is what AWS's own certificates need and costs
 * little; `whole` adds the machine's store, where a company keeps its own, and is made only after `everyday` did not do:
 * reading that store costs 15 to 50 ms, more than the rest of a connection. Whatever `everyday` takes, `whole` takes too.
 */
export type Trust = { readonly everyday: SecureContext; readonly whole: (() => SecureContext) | undefined };

// Where Go, and so aws-vault, looks on Linux and the BSDs; of the files only the first that exists counts.
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
];
const SYSTEM_DIRS = ['/etc/ssl/certs', '/etc/pki/tls/certs', '/usr/local/share/certs'];
const HAS_OWN_STORE = process.platform === 'darwin' || process.platform === 'win32';
const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----[^-]+-----END (TRUSTED )?CERTIFICATE-----/g;

/**
 * AWS_CA_BUNDLE, else the profile's `ca_bundle`: that file alone, as in the AWS CLI. Else Node's roots and the machine's
 * store; there SSL_CERT_FILE takes the place of Node's roots and of the store's file, and SSL_CERT_DIR (colon-separated)
 * that of its directories, as in Go.
 * @throws VaultError CONFIG_INVALID naming setting and file, when one that was set cannot be read or holds no certificate
 */
export function trustOf(env: Env, caBundle: string | undefined): Trust {
  if (env.AWS_CA_BUNDLE) return { everyday: ofFile(env.AWS_CA_BUNDLE, 'AWS_CA_BUNDLE'), whole: undefined };
  if (caBundle) return { everyday: ofFile(caBundle, 'ca_bundle'), whole: undefined };
  const file = env.SSL_CERT_FILE;
  return { everyday: file ? ofFile(file, 'SSL_CERT_FILE') : tls().createSecureContext(), whole: () => wholeStore(env) };
}

function ofFile(file: string, setting: string): SecureContext {
  try {
    const certificates = certificatesIn(readFileSync(file, 'utf8'));
    // Node passes over what it cannot parse: a file of nothing else would look like an untrusted server.
    if (!certificates.some(isCertificate)) throw new Error('it holds no PEM certificate');
    return tls().createSecureContext({ ca: certificates });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    const message = `the certificates of ${setting} cannot be used, correct or unset it: ${file}: ${reason}`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file, flag: setting }, cause: error });
  }
}

function wholeStore(env: Env): SecureContext {
  const file = env.SSL_CERT_FILE;
  const dirs = env.SSL_CERT_DIR ? env.SSL_CERT_DIR.split(':') : SYSTEM_DIRS;
  const certificates = new Set(file ? certificatesIn(readFileSync(file, 'utf8')) : tls().getCACertificates('default'));
  const others = [
    ...(HAS_OWN_STORE ? tls().getCACertificates('system') : []),
    ...(file || HAS_OWN_STORE ? [] : firstSystemFile()),
    ...(HAS_OWN_STORE && !env.SSL_CERT_DIR ? [] : dirs.flatMap(inDirectory)),
  ];
  for (const certificate of others) certificates.add(certificate);
  return tls().createSecureContext({ ca: [...certificates] });
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function firstSystemFile(): string[] {
  for (const file of SYSTEM_FILES) {
    const text = textOf(file);
    if (text !== undefined) return certificatesIn(text);
  }
  return [];
}

/** Of a directory made by `openssl rehash` each certificate once: its hash links point to a name in the same directory. */
function inDirectory(directory: string): string[] {
  const entries = entriesOf(directory).filter(
    (entry) => !(entry.isSymbolicLink() && isLinkWithin(directory, entry.name)),
  );
  return entries.flatMap((entry) => certificatesIn(textOf(join(directory, entry.name)) ?? ''));
}

function isLinkWithin(directory: string, name: string): boolean {
  return !readlinkSync(join(directory, name)).includes('/');
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    // A list of directories for several systems (and the one built in here) names some that this machine does not have.
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // What this user may not read in the machine's store is not trusted, as in Go; sub-directories end here too.
    return undefined;
  }
}

function certificatesIn(pem: string): string[] {
  return pem.match(CERTIFICATE) ?? [];
}
