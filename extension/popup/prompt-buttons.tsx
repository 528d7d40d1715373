type PromptButtonsProps = {
  readonly isChecking: boolean;
  readonly isComplete: boolean;
  readonly onCancel: () => void;
};

/** Cancel and send. The button keeps its width while the answer is checked. */
export function PromptButtons({ isChecking, isComplete, onCancel }: PromptButtonsProps) {
  return (
    <div class="buttons">
      <button type="button" class="button" onClick={onCancel}>
        Cancel
      </button>
      <button type="submit" class="button primary" disabled={!isComplete || isChecking} aria-busy={isChecking}>
        {isChecking ? 'Checking…' : 'Continue'}
      </button>
    </div>
  );
}
