/** A value once it has stopped changing: nobody is asked at every key that is pressed. */
import { useEffect, useState } from 'react'

const SETTLED_MS = 300

export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
