/** What a decoder answers for a frame that it cannot read: it is dropped, counted and logged. */
export const UNREADABLE = Symbol('unreadable')
