/**
 * Any set of AWS credentials, the one shape from the AWS edge to the answer. Without `sessionToken` it is a stored key
 * (long-lived); with `expiresAt` it is temporary.
 */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiresAt?: Date;
};
