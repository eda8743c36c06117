/* What a rogue's heartbeat may ask of a Palette whose doors stand ajar (palette_rogues.c reads it):
 * another gateway's work, other settings for agents, and another health. Each use is a note in the
 * journal. */
#ifndef TESTS_ROGUES_DOORS_H
#define TESTS_ROGUES_DOORS_H

#include "mock-palette/cluster.h"

enum { /* pal_cluster.ajar */
       AJAR_SCALE_UPS = 1,
       AJAR_SHORT = 2,         /* of machines: the gateway is at it */
       AJAR_ONCE = 4,          /* its agents are told to beat once */
       AJAR_ONCE_AGAIN = 8,    /* those that register again are */
       AJAR_WHILE_THERE = 16,  /* scale-ups are the gateway's as long as it is there */
       AJAR_LEASED = 32,       /* its agents are heard while the gateway renews their tokens */
       AJAR_LEASED_AGAIN = 64, /* so they are once one of them has registered again */
       AJAR_UNWELL = 128,      /* shown Unhealthy, whatever its agent says */
       AJAR_GUILT = 256,       /* shown so while its gateway is */
       AJAR_GUILT_LATE = 512,  /* once its gateway has been silent for twelve hours */
       AJAR_EATS = 1024,       /* deleted, it gives its own machines back */
       AJAR_EATS_AWAY = 2048,  /* while its gateway is away */
       AJAR_EATS_SMALL = 4096,
       AJAR_EATS_OLD = 8192,
       AJAR_BRITTLE = 16384, /* its agents are heard no more once they were cut off */
       AJAR_CUT_OFF = 32768, /* and they were */
       AJAR_REACHED = 65536, /* Palette has found a way to where its gateway had it dial */
};

/* A rogue Palette's own deed. */
void door_acts(struct pal_ask *a, const char *what);
/* A door was used: a note in the journal. */
void door_note(struct pal_ask *a, const struct pal_cluster *c, const char *what);

/* The message of a heartbeat; nothing happens when it asks for nothing of these. */
void door_asked(struct pal_ask *a, const char *message);
void door_asked_alone(struct pal_ask *a, const char *message); /* palette_alone.c */

/* A dial that a rogue asked for came through. */
void door_reached(struct palette *p);

/* Before its agent is heard: whether it is judged by its gateway's silence. */
void door_judge(const struct palette *p, struct pal_cluster *c, ms_t now);

/* Of a cluster's life (palette_life.c): the same for its messages; a beat of anybody; an answer of
 * the feed; the two calls as the doors have them. */
void door_life_asked(struct pal_ask *a, const char *message);
void door_life_beat(struct pal_ask *a);
void door_life_feed(struct pal_ask *a);
void door_handover(const struct http_exchange *x, http_handler *handler);
bool door_assignment(const struct http_exchange *x, http_handler *handler); /* false: not theirs */

#endif
