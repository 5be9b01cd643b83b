# results/{dataset}/table.parquet table.json folds.parquet audit.json      one table, its columns, its folds, its leakage checks
# results/{dataset}/{backend}/fold_{fold}/                                 one model trained on one outer fold
# results/{dataset}/{model}/                                               all folds of a backend or of the ensemble, its metrics
# results/{dataset}/                                                       all models: comparison, report, notebook, bundle/, scored/
# results/                                                                 all datasets: index, analytics, tracking
from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/demo.smk"
include: "rules/tables.smk"
include: "rules/folds.smk"
include: "rules/audit.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/new_tables.smk"
include: "rules/predict.smk"
include: "rules/bundle.smk"
include: "rules/report.smk"
include: "rules/tracking.smk"
include: "rules/targets.smk"


# Not before the rules: an input that is named as `rules.build_table.output.table` leads straight to its rule, without
# a search through all outputs, only while that output has no constraint (snakemake 9.27). So train_fold does.
wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    backend="|".join(SPECIFICATIONS),
    fold=r"\d+",
    part=r"fold_\d+|final",
    shard=r"\d+",


rule all:
    default_target: True
    input:
        final_results,
        scored_tables,


onstart:
    check_folders()


onsuccess:
    print_warning()
    if "FOLDWISE_QUIET" not in os.environ:
        print_summary()
