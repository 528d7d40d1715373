import { profileColour } from '../profile-colour.ts';

/** The colour that the profile's container or tab group has; decoration, because the name says the same. */
export function ColourDot({ profile }: { readonly profile: string }) {
  return <span class="dot" data-colour={profileColour(profile)} aria-hidden="true" />;
}
