/**
 * An error of the bus or of a service on it. `errorName` is the D-Bus name; what is found out on our side carries the names the
 * reference library uses for the same (`...Error.NoServer`, `AuthFailed`, `Disconnected`, `Timeout`).
 */
export class DbusError extends Error {
  readonly errorName: string;

  constructor(errorName: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errorName = errorName.includes('.') ? errorName : `org.freedesktop.DBus.Error.${errorName}`;
  }
}
