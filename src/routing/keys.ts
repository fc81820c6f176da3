/** Every key of routing shares one hash tag, so that one transition touches one slot of a Redis Cluster. */
export const PREFIX = '{clinic}:routing:';

export const key = {
  experts: `${PREFIX}experts`,
  expert: (id: string) => `${PREFIX}expert:${id}`,
  call: (id: string) => `${PREFIX}call:${id}`,
  waiting: (specialty: string) => `${PREFIX}waiting:${specialty}`,
  deadlines: `${PREFIX}deadlines`,
};
