/** The switch of transports: both, or one of them alone. */

/** @param onChoice told of each choice */
export function transportSwitch (choice, onChoice) {
  for (const input of document.querySelectorAll('input[name="transport"]')) {
    input.checked = input.value === choice
    input.addEventListener('change', () => onChoice(input.value))
  }
}
