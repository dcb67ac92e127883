"""Print expected rates and outputs at random points with the research prototype (a folder that holds prototype.py)."""

import json
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import prototype  # noqa: E402

STATES=dict(V="herniated_volume",R="herniation_irritancy",Mn="fixed_narrowing",G="disc_aggrecan",N="native_disc_cells",Td="disc_inflammation",E="root_oedema",M1="inflammatory_macrophages",M2="resolving_macrophages",T="inflammatory_mediators",A="anti_inflammatory_pool",NT="neurotrophic_factors",Dm="demyelination",Ax="connected_axons",Dg="severed_axons",X="ectopic_firing",C1="reversible_central_gain",C2="consolidated_central_gain",Fn="function_reserve",Pl="context_analgesia",Cdl="loose_disc_cells",Cda="anchored_disc_cells",Cdn="converted_disc_cells",Cel="loose_epidural_cells",Cea="anchored_epidural_cells",Cs="circulating_cells",Im="donor_immunity",Ds="steroid_depot",Bt="botulinum_effect",Led="lost_cells")
PAR=dict(k_res="resorption_rate",k_deh="dehydration_rate",K_ph="macrophages_for_half_resorption",x_e="fragment_exposure_factor",k_R="irritancy_loss_rate",k_RM="irritancy_clearance_rate",k_pg="narrowing_growth_rate",k_sp="muscle_spasm_rate",k_rl="narrowing_easing_rate",k_rpt="stretching_easing_rate",k_rb="botulinum_easing_rate",hG="aggrecan_height_fraction",k_Gd="aggrecan_turnover_rate",a_GT="synthesis_inhibition_gain",a_Gd="aggrecan_degradation_gain",k_N="disc_cell_renewal_rate",nut="nutrition_capacity",N0="healthy_disc_cells",om="donor_cell_demand_factor",eta="converted_cell_matrix_factor",k_Td="disc_inflammation_rate",k_Tdc="disc_inflammation_decay_rate",a_dA="disc_resolution_gain",a_an="native_synthesis_gain",Cd50="disc_cells_for_half_effect",P_h="herniation_pressure",v_r="canal_reserve_volume",P_M="narrowing_pressure",d_dyn="extension_pressure_gain",load="provoking_posture_fraction",P_H="height_loss_pressure",P_E="oedema_pressure",narrow="canal_narrowness_factor",P_Q="pressure_for_half_blood_flow",n_Q="blood_flow_steepness",P_oed="pressure_for_half_oedema",k_E="oedema_formation_rate",a_ET="oedema_mediator_gain",k_Ec="oedema_clearance_rate",k_rec="macrophage_recruitment_rate",s_R="irritancy_recruitment_weight",s_P="pressure_recruitment_weight",s_M="entrapment_recruitment_weight",s_T="mediator_recruitment_weight",P_m="pressure_for_half_macrophage_stimulus",k12_0="macrophage_switch_rate",k12_A="resolution_switch_rate",KA="anti_inflammatory_for_half_effect",k_M1="inflammatory_macrophage_loss_rate",k_M2="resolving_macrophage_loss_rate",k_T="mediator_turnover_rate",b_M="macrophage_mediator_production",b_R="irritancy_mediator_production",b_P="pressure_mediator_production",I_A="mediator_suppression_maximum",k_A="anti_inflammatory_turnover_rate",a_2="macrophage_anti_inflammatory_production",P_dm="pressure_for_half_demyelination",k_dem="demyelination_rate",a_DT="demyelination_mediator_gain",k_rem="remyelination_rate",r_N="neurotrophic_repair_gain",KN="neurotrophic_for_half_repair",P_ax="pressure_for_half_axon_loss",k_ax="axon_loss_rate",k_reg="axon_regrowth_rate",k_loss="regrowth_loss_rate",P_blk="pressure_for_half_block",res="conduction_reserve_fraction",k_NT="neurotrophic_turnover_rate",n_D="axon_neurotrophic_production",k_X="firing_rise_rate",x_T="mediator_firing_weight",K_X="mediators_for_half_firing",x_P="pressure_firing_weight",x_0="bare_pressure_firing_weight",P_X="pressure_for_half_firing",x_D="demyelination_firing_weight",k_Xd="firing_decay_rate",k_c1="central_gain_rise_rate",k_c1d="central_gain_decay_rate",k_c2="consolidation_rate",psi="consolidation_susceptibility_factor",k_c2d="consolidation_decay_rate",l_X="firing_leg_pain_weight",l_C="central_gain_leg_pain_weight",l_2="consolidated_leg_pain_weight",q_T="disc_back_pain_weight",K_Td="disc_inflammation_for_half_back_pain",inn="disc_innervation_factor",q_I="height_loss_back_pain_weight",q_X="firing_back_pain_weight",q_2="consolidated_back_pain_weight",k_F="function_recovery_rate",e_F="worst_pain_function_loss_fraction",o_L="leg_pain_disability_weight",o_B="back_pain_disability_weight",o_w="weakness_disability_weight",o_F="function_disability_weight",k_pl="context_response_rate",Pmax="context_response_maximum",pA="anti_inflammatory_per_cell",pN="neurotrophic_per_cell",fA="anti_inflammatory_cell_factor",fN="neurotrophic_cell_factor",fD="conversion_cell_factor",l0="unlicensed_secretion_fraction",K_lic="mediators_for_half_licensing",phi_dr="disc_to_root_fraction",phi_s="circulation_to_root_fraction",xi="converted_cell_secretion_fraction",k_ld="loose_disc_cell_loss_rate",k_lk="disc_cell_leak_rate",k_sd="anchored_disc_cell_loss_rate",k_diff="cell_conversion_rate",k_nd="converted_cell_loss_rate",a_h="overcrowding_death_gain",a_pH="acidity_death_gain",k_le="loose_epidural_cell_loss_rate",k_se="anchored_epidural_cell_loss_rate",k_cs="circulating_cell_clearance_rate",s_allo="donor_mismatch_factor",resp="donor_antibody_factor",w_e="epidural_visibility_fraction",w_d="disc_visibility_fraction",w_s="circulating_visibility_fraction",k_i="immune_priming_rate",K_i="cells_for_half_priming",k_id="immune_memory_loss_rate",k_im="immune_kill_rate",e_ns="nsaid_effect_fraction",e_gb="gabapentinoid_effect_fraction",e_tnf="tnf_inhibitor_effect_fraction",e_pt="physiotherapy_central_gain",e_ptF="physiotherapy_function_gain",e_ptX="physiotherapy_firing_fraction",k_D="steroid_loss_rate",ED50="steroid_for_half_effect",E_st="steroid_effect_maximum",k_B="botulinum_loss_rate")
INP=dict(u_ns="nsaid_exposure",u_gb="gabapentinoid_exposure",u_pt="physiotherapy_intensity",u_tnf="tnf_inhibitor_exposure",u_ctx="treatment_context")


def points(n=20):
    luck = np.random.default_rng(1)
    y = luck.uniform(0.05, 0.95, (30, n))
    for state in ("Cdl", "Cda", "Cdn", "Cel", "Cea", "Cs", "Led", "Ds"):
        y[prototype.IX[state]] *= 10
    p = {k: v * np.exp(luck.normal(0, 0.2, n)) for k, v in prototype.DEFAULTS.items()}
    p |= {k: luck.uniform(0, 1, n) for k in INP}
    p |= {"t_ctx": 0.0, "tau_fade": 1e30, "s_allo": np.ones(n), "resp": np.ones(n)}
    extra = dict(k_pg=0.001, k_sp=0.03, k_rl=0.0003, k_rpt=0.02, k_rb=0.06, d_dyn=0.7, s_M=0.2)
    p |= {k: v * np.exp(luck.normal(0, 0.2, n)) for k, v in extra.items()}
    return y, p


y, p = points()
rates, readout = prototype.rhs(0.0, y, p), prototype.readout(y, p)
scale = dict(leg=("leg_pain", 10), back=("back_pain", 10), numb=("numbness", 10), weak=("weakness", 100))
scale |= dict(ting=("tingling", 10), odi=("disability", 1), eq5d=("quality_of_life", 1), P=("root_pressure", 1))
scale |= dict(H=("disc_height", 1), cond=("nerve_conduction", 1))
document = {
    "states": {STATES[s]: y[i].tolist() for s, i in prototype.IX.items()},
    "parameters": {PAR[k]: np.broadcast_to(p[k], 20).tolist() for k in PAR},
    "exposures": {INP[k]: p[k].tolist() for k in INP},
    "rates": {STATES[s]: rates[i].tolist() for s, i in prototype.IX.items()},
    "outputs": {name: (factor * readout[k]).tolist() for k, (name, factor) in scale.items()},
}
print(json.dumps(document))
