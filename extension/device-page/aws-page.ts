/**
 * The page of IAM Identity Center on which a person allows a device code, by the names it has had over the years: a site of its own
 * (`device.sso.REGION…`), or a route of the access portal.
 */

const FIELD = '#verification_code, input[name="verification_code"]';
const CONFIRM = '#cli_verification_btn, [data-analytics="accept-user-code"]';

/** Whether the person is where codes are taken; the portal has other pages at the same address. */
export function isDevicePage({ hostname, hash }: Pick<Location, 'hostname' | 'hash'>): boolean {
  return hostname.startsWith('device.sso.') || /^#\/device\b/.test(hash);
}

/** The code that the address brings along. */
export function codeInAddress({ hash, search }: Pick<Location, 'hash' | 'search'>): string | undefined {
  const inRoute = new URLSearchParams(hash.split('?')[1] ?? '').get('user_code');
  return bare(inRoute ?? new URLSearchParams(search).get('user_code') ?? '') || undefined;
}

/** A code as it counts: without its hyphen, in capitals. */
export function bare(code: string): string {
  return code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

export function codeField(): HTMLInputElement | null {
  return document.querySelector(FIELD);
}

/** Goes on with the code, as the person has asked for already. */
export function confirmCode() {
  document.querySelector<HTMLElement>(CONFIRM)?.click();
}

/** Types the code for the person. The page's framework would put back what it did not hear of. */
export function fillIn(field: HTMLInputElement, code: string) {
  const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
  setter?.call(field, code);
  for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
}

/** Whether the page would send a code on this event. */
export function sendsCode(event: Event): boolean {
  if (event.type === 'submit') return true;
  const target = event.target instanceof Element ? event.target : undefined;
  if (event.type === 'click') return target?.closest(CONFIRM) != null;
  return event instanceof KeyboardEvent && event.key === 'Enter' && target?.closest(FIELD) != null;
}
