/** Numbers as people read them. */

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const wholes = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

export const count = value => (value < 100 ? numbers : wholes).format(value)

/** `1.5 MB`; what is small stays a number of bytes. */
export function bytes (value) {
  const units = ['B', 'KB', 'MB', 'GB']
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${count(value)} ${units[unit]}`
}

/** `2 h 5 min`, of a number of milliseconds. */
export function duration (milliseconds) {
  const seconds = Math.floor(milliseconds / 1000)
  const parts = [[Math.floor(seconds / 86_400), 'd'], [Math.floor(seconds / 3600) % 24, 'h'], [Math.floor(seconds / 60) % 60, 'min'], [seconds % 60, 's']]
  const first = parts.findIndex(([value]) => value > 0)
  return parts.slice(first === -1 ? 3 : first).slice(0, 2).filter(([value], index) => index === 0 || value > 0).map(([value, unit]) => `${value} ${unit}`).join(' ')
}

/** The text of an error `code:arguments:text`, and its code. */
export function error (text) {
  const [code, , ...words] = text.split(':')
  return `${words.join(':')} (${code})`
}

/** What is set again would be read out again. */
export function say (element, text) {
  if (element.textContent !== text) element.textContent = text
}
