#include "local/deliver/step_mail.h"

struct mail step_mail(const struct delivery *delivery, const struct step *step)
{
    const struct local *local = delivery->local;

    return (struct mail){
        .order = delivery->order,
        .sender = step->sender,
        .original = local->config->enable_original_recipient ? step->recipient.original : "",
        .delivered_to = (local->prepend & PREPEND_FILE) ? step->delivered_to : "",
    };
}
