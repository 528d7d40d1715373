import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { certificateHostNames } from './hosts.ts';

export type TestCertificates = {
  /** PEM file of the throwaway authority: for AWS_CA_BUNDLE. */
  readonly caFile: string;
  /** PEM of the private key and of the certificate for AWS's host names and 127.0.0.1. */
  readonly key: string;
  readonly cert: string;
};

const VALID_DAYS = '2';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const LEAF_EXTENSIONS = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  `subjectAltName=IP:127.0.0.1,DNS:localhost,${certificateHostNames()
    .map((name) => `DNS:${name}`)
    .join(',')}`,
  '',
].join('\n');

/**
 * A throwaway authority and a certificate of it, good for two days, made with the `openssl` program.
 * @param directory - an empty directory of the test's own, which goes away with the test
 */
export async function makeTestCertificates(directory: string): Promise<TestCertificates> {
  const openssl = (args: readonly string[]) => promisify(execFile)('openssl', args, { cwd: directory });
  const path = (name: string) => join(directory, name);
  const authority = ['-x509', '-days', VALID_DAYS, '-subj', '/CN=Keyturn test authority'];
  const authorityUse = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  await openssl(['req', ...authority, ...NEW_KEY, ...authorityUse, '-keyout', 'ca.key', '-out', 'ca.pem']);
  await openssl(['req', ...NEW_KEY, '-subj', '/CN=AWS sandbox', '-keyout', 'leaf.key', '-out', 'leaf.csr']);
  await writeFile(path('leaf.ext'), LEAF_EXTENSIONS);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'leaf.ext'];
  await openssl(['x509', '-req', '-in', 'leaf.csr', ...signing, '-days', VALID_DAYS, '-out', 'leaf.pem']);
  const [key, cert] = await Promise.all([readFile(path('leaf.key'), 'utf8'), readFile(path('leaf.pem'), 'utf8')]);
  return { caFile: path('ca.pem'), key, cert };
}
