/** A value, or a promise of it. */
export type Eventually<T> = T | PromiseLike<T>

export function isThenable<T> (value: Eventually<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<T>).then === 'function'
}

/**
 * Goes on with a value: at once where it is there, later where it is a promise.
 * What is synchronous stays so, and costs no promise.
 */
export function after<T, R> (value: Eventually<T>, next: (value: T) => Eventually<R>): Eventually<R> {
  return isThenable(value) ? value.then(next) : next(value)
}
