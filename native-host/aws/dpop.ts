import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';

/**
 * A key that proves of whom a token is, in the form in which AWS's tools keep it: PEM of RFC 5915, with the public key.
 * @see https://www.rfc-editor.org/rfc/rfc9449
 */
export function newDpopKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString();
}

export type ProvenRequest = { readonly method: string; readonly url: string; readonly at: Date };

/** The value of the DPoP header for one request. */
export function dpopProof(dpopKey: string, { method, url, at }: ProvenRequest): string {
  const key = createPrivateKey(dpopKey);
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const payload = { jti: randomUUID(), htm: method, htu: url, iat: Math.floor(at.getTime() / 1000) };
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
