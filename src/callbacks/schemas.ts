import { Type } from 'typebox';
import { closed, Instant, Uuid } from '../web/schemas.ts';

/** Callbacks as the API takes them; they are given as part of their case. */

export const CallbackById = closed({ id: { ...Uuid, description: 'Of the case' } });

export const CallAtSchema = closed({
  at: Type.Optional({
    ...Instant,
    description: 'When to call; now, without it. Outside of the hours it is the next opening',
  }),
});
