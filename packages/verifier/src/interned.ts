/**
 * ② Sessions have much in common (roles, permissions, how people authenticated): equal values share one object.
 * Promise: bounded; beyond that a value is simply not shared.
 */
const CAPACITY = 10_000

export class Interned<Value> {
  readonly #values = new Map<string, Value>()

  of(key: string, create: () => Value): Value {
    let value = this.#values.get(key)
    if (value === undefined) {
      value = create()
      if (this.#values.size < CAPACITY) this.#values.set(key, value)
    }
    return value
  }
}
