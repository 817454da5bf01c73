/** Whether what is on the page is the present: live, paused because nobody is there, or old because nobody answers. */
import { usePulse } from '../api/queries.ts'
import { connection } from '../state/connection.ts'
import { useLiveness } from '../state/liveness.ts'
import { useStore } from '../state/store.ts'
import { Mark } from './icons.tsx'
import { Clock } from './time.tsx'

export function LiveState() {
  const { heardAt } = useStore(connection)
  const liveness = useLiveness()
  usePulse()
  if (liveness === 'silent')
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
  if (liveness === 'paused')
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
