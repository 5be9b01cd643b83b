from snakemake.utils import min_version

min_version("9.0")


include: "rules/configuration.smk"
include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/entrants.smk"
include: "rules/demo.smk"
include: "rules/tables.smk"
include: "rules/folds.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/new_tables.smk"
include: "rules/predict.smk"
include: "rules/bundle.smk"
include: "rules/report.smk"
include: "rules/tracking.smk"
include: "rules/targets.smk"


rule all:
    default_target: True
    input:
        final_results(),
        scored_tables(),
        missing_fold_files,


onstart:
    check_folders()


onsuccess:
    print_warning()
    if "FOLDWISE_QUIET" not in os.environ:
        print_summary()
