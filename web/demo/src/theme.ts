/** Light or dark: as the system has it, unless the visitor chooses. */

const KEY = "theme";

/** Brings the switch to life. */
export function theme(): void {
    const choices = [...document.querySelectorAll<HTMLInputElement>('input[name="theme"]')];
    const set = (choice: string): void => {
        document.documentElement.dataset["theme"] = choice;
    };
    const kept = choices.find(({ value }) => value === remembered());
    if (kept !== undefined) {
        kept.checked = true;
        set(kept.value);
    }
    for (const choice of choices) {
        choice.addEventListener("change", () => {
            set(choice.value);
            try {
                localStorage.setItem(KEY, choice.value);
            } catch {
                // A browser that keeps nothing shows it for now.
            }
        });
    }
}

function remembered(): string | null {
    try {
        return localStorage.getItem(KEY);
    } catch {
        return null;
    }
}
