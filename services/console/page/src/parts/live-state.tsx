/** Whether what is on the page is the present: live, paused because nobody is there, or old because nobody answers. */
import { attention } from '../state/attention.ts'
import { connection } from '../state/connection.ts'
import { useStore } from '../state/store.ts'
import { Mark } from './icons.tsx'
import { Clock } from './time.tsx'

export function LiveState() {
  const { heardAt, isAway } = useStore(connection)
  const isWatched = useStore(attention)
  if (isAway)
    return (
      <p className="live live-away" role="alert">
        <Mark name="warn" />
        <span>
          The session authority does not answer.
          {heardAt !== undefined && (
            <>
              {' '}
              What is shown is from <Clock at={heardAt} />.
            </>
          )}{' '}
          Trying again…
        </span>
      </p>
    )
  if (!isWatched)
    return (
      <p className="live" role="status">
        <Mark name="none" />
        Paused: nobody was here for ten minutes
      </p>
    )
  return (
    <p className="live" role="status">
      <span className="pulse" aria-hidden="true" />
      Live
    </p>
  )
}
