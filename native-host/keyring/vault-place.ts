/** Where each backend keeps a vault: settings whose names and defaults are aws-vault's or its fork's. */
export type VaultPlace = {
  /** The macOS keychain's name, without `.keychain`; aws-vault's is `aws-vault`. */
  readonly keychain: string;
  /** The Secret Service collection; aws-vault's is `awsvault`. */
  readonly secretServiceCollection: string;
  /** The directory of the file vault; aws-vault's is ~/.awsvault/keys. */
  readonly fileDir: string;
  /** `pass` and `passage`: the store (undefined leaves it to the program), the program (undefined: its name) and the folder. */
  readonly passDir: string | undefined;
  readonly passCmd: string | undefined;
  readonly passPrefix: string;
  /** 1Password: the vault's ID, and how its items are titled and tagged. */
  readonly opVaultId: string | undefined;
  readonly opItemTitlePrefix: string;
  readonly opItemTag: string;
  readonly opDesktopAccountId: string | undefined;
};

/** Only these settings of a larger object. */
export function vaultPlace(settings: VaultPlace): VaultPlace {
  const { keychain, secretServiceCollection, fileDir, passDir, passCmd, passPrefix } = settings;
  const { opVaultId, opItemTitlePrefix, opItemTag, opDesktopAccountId } = settings;
  const op = { opVaultId, opItemTitlePrefix, opItemTag, opDesktopAccountId };
  return { keychain, secretServiceCollection, fileDir, passDir, passCmd, passPrefix, ...op };
}

/** What of these settings tells two vaults of one backend apart, as text; empty where there can be only one. */
export function placeWithin(backend: string, place: VaultPlace): string {
  const stores = `${place.passDir ?? ''}/${place.passPrefix}`;
  const places: Readonly<Record<string, string>> = {
    keychain: place.keychain,
    'secret-service': place.secretServiceCollection,
    pass: stores,
    passage: stores,
    file: place.fileDir,
    op: [place.opDesktopAccountId, place.opVaultId, place.opItemTag, place.opItemTitlePrefix].join('/'),
  };
  return places[backend] ?? '';
}
