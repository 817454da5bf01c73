/** An address that is no view's. */
import { Link } from 'wouter'

export function Nowhere() {
  return (
    <>
      <h1 tabIndex={-1}>There is nothing here</h1>
      <p>
        <Link href="/">To the overview</Link>
      </p>
    </>
  )
}
