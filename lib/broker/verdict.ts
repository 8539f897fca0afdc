import { isRefusal, type Refusal } from '../protocol/error.js'

/**
 * What a policy or an extension said, as null (allowed) or the refusal.
 * Only `true` allows: whoever forgets to answer has not allowed.
 * @param otherwise the refusal where it gave no error text of its own
 */
export function verdictOf (said: unknown, otherwise: Refusal): Refusal | null {
  if (said === true) return null
  return isRefusal(said) ? said : otherwise
}
