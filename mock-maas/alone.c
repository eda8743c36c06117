#include "mock-maas/alone.h"

#include "lib/base/rng.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define PART_LEN   18
#define SECRET_LEN 32

static struct maas_user user;

static void draw(struct rng *r, struct buf *out, size_t n)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";

    while (n--)
        buf_char_add(out, letters[rng_between(r, 0, (int64_t)strlen(letters) - 1)]);
}

void alone_user(struct maas_config *c)
{
    struct buf key SCOPED(buf_drop) = {0};
    struct rng r;

    rng_seed(&r, c->seed ^ UINT64_C(0x6d6f636b6d616173));
    buf_init(&key, sizeof(user.key) - 1);
    draw(&r, &key, PART_LEN);
    buf_char_add(&key, ':');
    draw(&r, &key, PART_LEN);
    buf_char_add(&key, ':');
    draw(&r, &key, SECRET_LEN);
    user = (struct maas_user){.name = "admin", .password = "admin", .superuser = true};
    text_copy(user.key, sizeof(user.key), buf_text(&key));
    c->users[c->n_users++] = user;
}

void alone_greet(const char *url, const char *control)
{
    char part[3][64] = {{0}};
    const char *rest = user.key;

    for (size_t i = 0; i < COUNTOF(part); i++)
        if (!text_next(&rest, ':', part[i], sizeof(part[0])))
            return;
    printf("\n"
           "URL      %s/\n"
           "API key  %s\n"
           "user     admin, password admin, administrator\n"
           "\n"
           "With curl:\n"
           "  curl -H \"Authorization: OAuth oauth_version=1.0, "
           "oauth_signature_method=PLAINTEXT, oauth_consumer_key=%s, oauth_token=%s, "
           "oauth_signature=%%26%s, oauth_nonce=$(date +%%s%%N), oauth_timestamp=$(date +%%s)\" "
           "%s/api/2.0/machines/\n"
           "\n"
           "With the MAAS CLI:\n"
           "  maas login mock %s/ %s\n"
           "  maas mock machines read\n"
           "\n"
           "With Terraform (canonical/maas):\n"
           "  provider \"maas\" {\n"
           "    api_version = \"2.0\"\n"
           "    api_url     = \"%s\"\n"
           "    api_key     = \"%s\"\n"
           "  }\n",
           url, user.key, part[0], part[1], part[2], url, url, user.key, url, user.key);
    if (control[0])
        printf("\nMachines, the last exchanges and what goes wrong: %s\n"
               "Tell it what to do:\n"
               "  curl --data 'machine m1 fails deploy' %scontrol\n"
               "All that can go wrong: mock-maas --misbehaviours\n",
               control, control);
}
