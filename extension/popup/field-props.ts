import type { ComponentChildren } from 'preact';

/** What the two kinds of answer field share. */
export type FieldProps = {
  /** The answer is on its way: shown, not editable. */
  readonly isChecking: boolean;
  readonly isRejected: boolean;
  readonly onAnswer: (answer: string) => void;
  readonly onCancel: () => void;
  /** The message line below the field. */
  readonly children: ComponentChildren;
};
