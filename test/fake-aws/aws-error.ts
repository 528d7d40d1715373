/** An error as AWS puts it on the wire: HTTP status, code and message. Thrown by the rules, rendered by the service. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'AwsError';
    this.status = status;
    this.code = code;
  }
}

/** 403 AccessDenied. */
export function accessDenied(message: string): AwsError {
  return new AwsError(403, 'AccessDenied', message);
}

/** 403 AccessDenied in the words of an authorization failure. */
export function notAuthorized(arn: string, action: string, resource: string): AwsError {
  return accessDenied(`User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`);
}

/** 400 ValidationError. */
export function validationError(message: string): AwsError {
  return new AwsError(400, 'ValidationError', message);
}
