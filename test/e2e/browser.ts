/** One tab of a real browser. */
export type Tab = {
  readonly url: () => Promise<string>;
  readonly go: (url: string) => Promise<void>;
  /** Evaluates an expression in the page; a promise is awaited; the value must be JSON. */
  readonly evaluate: <T>(expression: string) => Promise<T>;
  /** The page as a PNG. */
  readonly screenshot: () => Promise<Buffer>;
  /** Presses a key where the focus is, as a person does: `Enter` or `Tab`. */
  readonly press: (key: 'Enter' | 'Tab') => Promise<void>;
  readonly resize: (width: number, height: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A real browser with the extension installed, its driver hidden behind what the stories need. */
export type Browser = {
  /** `moz-extension://…` or `chrome-extension://…` */
  readonly origin: string;
  readonly open: (url: string) => Promise<Tab>;
  /** All tabs: popups, prompt windows and consoles alike. */
  readonly tabs: () => Promise<Tab[]>;
  /** Ends the extension's worker or event page as the browser does when it is idle. */
  readonly stopWorker: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type BrowserOptions = {
  /** The browser's profile and its search for host manifests start here. */
  readonly home: string;
  /** The whole environment, which the host inherits. */
  readonly env: Record<string, string>;
  /** The unpacked extension. */
  readonly extension: string;
  /** `http://127.0.0.1:PORT` that leads AWS's host names to the sandbox. */
  readonly proxyUrl?: string | undefined;
  /** A window on the display instead of none. */
  readonly isVisible?: boolean;
};

export const POPUP_PAGE = '/extension/popup/popup.html';
